"""Runs from random weights on networks for small images: recipes, resizing, what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_gui.core.errors import DepthError, RunConfigError
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, LayersMeasured, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunDirectory, list_runs
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.runs.schedules import learning_rate
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.augment import variation_of
from resnet_gui.core.training.data.tensor import padding
from resnet_gui.core.training.network import make_optimizer
from resnet_gui.core.training.presets import PRESETS, config_for
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.training import curve, make_photos

SETTINGS: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 8,
    "lr": 0.02,
    "device": "cpu",
    "precision": "fp32",
    "val_fraction": 0.2,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "colours", count=10)


def config(data: Path, preset: str = "cifar-fast", **settings: Any) -> RunConfig:
    model = settings.pop("model", "cifar-resnet8")
    return config_for(preset, data=str(data), model=model, photos=20, **(SETTINGS | settings))


@pytest.mark.parametrize(
    "model", ["cifar-resnet8", "cifar-plain8", "cifar-highway8", "cifar-preresnet11"]
)
def test_every_kind_learns_and_classifies(data: Path, model: str) -> None:
    events = list(train(config(data, model=model)))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    losses = [event.train_loss for event in events if isinstance(event, EpochDone)]
    assert losses[-1] < losses[0]
    photo = ImageSource.file(data / "red" / "000.jpg")
    events = list(Classifier(Zoo.standard()).classify([photo], finished.model_id))
    (answer,) = (event for event in events if isinstance(event, Prediction))
    assert {score.label for score in answer.scores} == {"red", "green"}


@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith("cifar")])
def test_every_recipe_runs_and_two_and_two_epochs_are_four(data: Path, preset: str) -> None:
    whole = list(train(config(data, preset, title="whole")))
    first = train(config(data, preset, title="parts"))
    events: list[Any] = []
    for event in first:
        events.append(event)
        if isinstance(event, EpochDone) and event.epoch == 2:
            first.close()  # type: ignore[attr-defined]
            break
    run = next(event.run_dir for event in events if isinstance(event, RunStarted))
    more = list(resume(Path(run)))
    assert curve(events + more) == curve(whole)
    other = next(event.run_dir for event in whole if isinstance(event, RunStarted))
    layers = RunDirectory.open(Path(run)).layers()
    assert layers == RunDirectory.open(Path(other)).layers()
    assert [item.epoch for item in layers] == [0, 1, 2, 3, 4]
    assert len(layers[0].gradient_norm) == 8
    assert len(layers[0].residual_ratio) == 3
    assert layers[0].gradient_norm != layers[4].gradient_norm
    told = [event for event in whole if isinstance(event, LayersMeasured)]
    assert [event.layers for event in told] == layers
    assert {event.run for event in told} == {Path(other).name}


def test_layers_are_told_when_they_and_their_epoch_are_on_the_disk(data: Path) -> None:
    run: RunDirectory | None = None
    told = []
    for event in train(config(data, epochs=2)):
        if isinstance(event, RunStarted):
            run = RunDirectory.open(Path(event.run_dir))
        elif isinstance(event, LayersMeasured):
            assert run is not None
            assert run.layers()[-1] == event.layers
            assert [item.epoch for item in run.metrics()] == list(range(1, event.layers.epoch + 1))
            told.append(event.to_json())
    assert [line["epoch"] for line in told] == [0, 1, 2]
    assert list(told[0]) == ["event", "run", "epoch", "gradient_norm", "residual_ratio"]


def test_a_line_of_layers_that_was_cut_off_ends_the_list(data: Path) -> None:
    events = list(train(config(data, epochs=1)))
    run = RunDirectory.open(Path(next(e.run_dir for e in events if isinstance(e, RunStarted))))
    path = run.path / "layers.jsonl"
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    assert [item.epoch for item in run.layers()] == [0]


def test_fine_tuning_records_no_layers(data: Path) -> None:
    scratch = list(train(config(data, epochs=1)))[-1]
    assert isinstance(scratch, RunFinished)
    settings = SETTINGS | {"epochs": 1, "method": "full"}
    events = list(train(RunConfig(str(data), scratch.model_id).replace(**settings)))
    run = RunDirectory.open(Path(next(e.run_dir for e in events if isinstance(e, RunStarted))))
    assert run.layers() == []


def test_the_size_grows_with_the_epochs(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resnet_gui.core.nets.cifar import CifarResNet

    sides: list[int] = []
    forward = CifarResNet.forward

    def watched(network: CifarResNet, x: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() and (not sides or sides[-1] != x.shape[-1]):
            sides.append(x.shape[-1])
        return forward(network, x)

    monkeypatch.setattr(CifarResNet, "forward", watched)
    # The first and last of each epoch are the photos that layers are measured on, at full size.
    list(train(config(data, epochs=5)))
    assert sides == [32, 16, 32, 16, 32, 16, 32, 24, 32]


def test_the_model_carries_the_mean_photo(data: Path) -> None:
    finished = list(train(config(data, "cifar-paper", epochs=1)))[-1]
    assert isinstance(finished, RunFinished)
    entry = Zoo.standard().get(finished.model_id)
    assert entry.spec.architecture_options["pixel_mean"] is True
    mean = load_network(entry).get_buffer("pixel_mean.mean")
    assert mean.shape == (3, 32, 32)
    assert float(mean.std()) > 0.01
    # Both colours are noise around a constant: their mean is near the mean of the two.
    colour = torch.tensor([125.0, 120.0, 50.0]) / 255
    wanted = (colour - torch.tensor((0.4914, 0.4822, 0.4465))) / torch.tensor(
        (0.2470, 0.2435, 0.2616)
    )
    assert torch.allclose(mean.mean((1, 2)), wanted, atol=0.15)


def test_the_mean_photo_asks_for_what_it_needs(data: Path) -> None:
    with pytest.raises(RunConfigError, match="from scratch"):
        list(train(config(data, method="full", model="efficientnet-lite0", pixel_mean=True)))
    with pytest.raises(RunConfigError, match="only the networks for 32x32"):
        list(train(config(data, model="plain18", pixel_mean=True)))
    with pytest.raises(RunConfigError, match="no augmentation but “light”"):
        list(train(config(data, pixel_mean=True, augmentation="standard")))
    assert list_runs() == []


def test_a_wrong_depth_is_said_before_the_run(data: Path) -> None:
    with pytest.raises(DepthError, match="6n\\+2") as caught:
        list(train(config(data, model="cifar-resnet21")))
    assert caught.value.nearest == (20, 26)


def test_the_recipes_are_those_of_the_papers() -> None:
    def make(preset: str) -> RunConfig:
        return config_for(preset, data="/x", model="cifar-resnet20", photos=50_000)

    paper = make("cifar-paper")
    steps = 50_000 // 128
    assert paper.epochs * steps == pytest.approx(64_000, rel=0.005)
    rates = {
        step: learning_rate(paper, paper.lr, step, steps, paper.epochs, 1.0)
        for step in (0, 31_000, 33_000, 47_000, 49_000)
    }
    assert list(rates.values()) == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])
    assert (paper.optimizer, paper.weight_decay, paper.momentum) == ("sgd", 1e-4, 0.9)
    assert (paper.nesterov, paper.decayed, paper.shift_pixels) == (False, "all", 4)
    keras = make("cifar-keras")
    assert (keras.optimizer, keras.batch_size, keras.epochs) == ("adam", 32, 200)
    assert (keras.weight_decay, keras.decayed, keras.schedule) == (2e-4, "convolutions", "step")
    shift = round(0.1 * 32)  # its width_shift_range and height_shift_range
    assert padding(variation_of(keras), 32) == shift
    assert padding(variation_of(paper), 32) == 4


def test_the_rates_of_kerass_example() -> None:
    """Its scheduler sets the rate at the start of every epoch, whatever the losses were."""
    keras = config_for("cifar-keras", data="/x", model="cifar-resnet20", photos=50_000)
    bounds = ((180, 0.5e-3), (160, 1e-3), (120, 1e-2), (80, 1e-1), (-1, 1.0))
    state = PlateauState()
    for epoch in range(200):
        wanted = 1e-3 * next(factor for bound, factor in bounds if epoch > bound)
        found = learning_rate(keras, keras.lr, epoch * 10, 10, 200, state.scale)
        assert found == pytest.approx(wanted), epoch
        state = state.after(1.0, keras)


def test_the_papers_step_decays_every_weight_with_plain_momentum() -> None:
    """As torch's own SGD with nothing but the paper's numbers."""
    config = config_for("cifar-paper", data="/x", model="cifar-resnet8", photos=50_000)
    spec = Zoo.standard().architecture("cifar-resnet8").spec
    # In double precision: Adam's first steps are as long for a gradient of nearly nothing, whose
    # sign is a matter of rounding, as for any other.
    ours, theirs = (
        build_network(spec.architecture, 10, spec.architecture_options).double() for _ in range(2)
    )
    theirs.load_state_dict(ours.state_dict())
    optimizer = make_optimizer(ours, head_name(ours) + ".", config)
    reference = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    for step in range(3):
        learn(ours, optimizer, step)
        learn(theirs, reference, step)
    for name, value in ours.state_dict().items():
        assert torch.allclose(value, theirs.state_dict()[name], atol=1e-6), name


def test_kerass_step_adds_the_squares_of_convolutions_to_the_loss() -> None:
    config = config_for("cifar-keras", data="/x", model="cifar-resnet8", photos=50_000)
    spec = Zoo.standard().architecture("cifar-resnet8").spec
    # In double precision: Adam's first steps are as long for a gradient of nearly nothing, whose
    # sign is a matter of rounding, as for any other.
    ours, theirs = (
        build_network(spec.architecture, 10, spec.architecture_options).double() for _ in range(2)
    )
    theirs.load_state_dict(ours.state_dict())
    optimizer = make_optimizer(ours, head_name(ours) + ".", config)
    reference = torch.optim.Adam(theirs.parameters(), 1e-3)
    kernels = [m.weight for m in theirs.modules() if isinstance(m, torch.nn.Conv2d)]
    for step in range(3):
        learn(ours, optimizer, step)
        learn(theirs, reference, step, kernels)
    for name, value in ours.named_parameters():
        assert torch.allclose(value, theirs.get_parameter(name), atol=1e-9), name


def learn(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, l2: Any = ()
) -> None:
    generator = torch.Generator().manual_seed(step)
    x, y = torch.randn(8, 3, 32, 32, generator=generator), torch.arange(8)
    x = x.to(next(network.parameters()).dtype)
    loss = torch.nn.functional.cross_entropy(network(x), y)
    for kernel in l2:
        loss = loss + 1e-4 * kernel.square().sum()
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def test_steps_and_plateau_together() -> None:
    both = RunConfig(
        "/x", "m", schedule="step+plateau", milestones=(2,), plateau_patience=1, min_lr=0.0
    )
    state = PlateauState()
    for loss in (1.0, 1.0, 1.0):
        state = state.after(loss, both)
    assert state.scale == pytest.approx(0.1**0.5)
    assert learning_rate(both, 1.0, 25, 10, 4, state.scale) == pytest.approx(0.1 * 0.1**0.5)


@pytest.mark.parametrize("gammas", ["0.1", "0.1,2", "0.1,zero"])
def test_wrong_factors_are_refused(gammas: str) -> None:
    with pytest.raises(RunConfigError):
        RunConfig("/x", "m").replace(milestones="2,4", gammas=gammas)


def test_networks_for_small_images_get_their_recipe_from_scratch() -> None:
    def make(model: str, photos: int) -> RunConfig:
        return config_for("scratch", data="/x", model=model, photos=photos)

    fast = make("cifar-resnet20", 50_000)
    assert fast.progressive_resizing
    assert (fast.preset, fast.epochs, fast.val_fraction) == ("scratch", 30, 0.02)
    assert make("cifar-plain56", 500).val_fraction == 0.2, "two photos could not validate"
    assert not make("resnet18", 50_000).progressive_resizing
