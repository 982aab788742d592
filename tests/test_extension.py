"""What another program adds with one registration shows up everywhere: a command, a provider of
models, an architecture. Nothing else is touched."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import typer
from pytestqt.qtbot import QtBot
from torch import Tensor, nn

from resnet_gui import __main__
from resnet_gui.app.engine import LocalEngine
from resnet_gui.cli.registry import COMMANDS
from resnet_gui.core.header_schema import Field, Whole
from resnet_gui.core.lab.diagram import describe_spec
from resnet_gui.core.nets import registry
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.registration import (
    Architecture,
    BlockKind,
    Kind,
    Offer,
    Options,
    Shapes,
    Shortcut,
)
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.zoo import ModelEntry, ModelSpec, ModelState, Zoo
from resnet_gui.core.zoo.providers.registry import PROVIDERS, published_specs
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.model_store import ModelStore
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient
from tests.helpers.training import make_photos

Program = Callable[..., tuple[int, str, str]]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """`resnet-gui` through its entry point; gives the exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["resnet-gui", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            __main__.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


# --- a command --------------------------------------------------------------------------------


def greet(name: str, twice: bool = False) -> None:
    """Say hello to somebody."""
    typer.echo(f"Hello {name}!" * (1 + twice))


def test_a_command(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.setitem(COMMANDS, "greet", f"{__name__}:greet")
    code, out, _ = program("--help")
    assert code == 0
    assert re.search(r"^  greet +Say hello to somebody\.$", out, re.MULTILINE)
    assert program("greet", "Kaiming", "--twice")[:2] == (0, "Hello Kaiming!Hello Kaiming!\n")
    code, _, said = program("gret", "Kaiming")
    assert (code, "Did you mean “resnet-gui greet”?" in said) == (2, True)


# --- a provider -------------------------------------------------------------------------------


class Shelf:
    """A provider with one model on the disk and one on a server."""

    def __init__(self, file: Path) -> None:
        self.here = spec("shelf-here", path=file)
        self.far = spec(
            "shelf-far", url="https://weights.example/far-0a1b2c3d.pth", sha256_prefix="0a1b2c3d"
        )

    def entries(self) -> Iterator[ModelEntry]:
        yield ModelEntry(self.here, ModelState.INSTALLED, self.here.path)
        yield ModelEntry(self.far, ModelState.DOWNLOADABLE)

    def specs(self) -> tuple[ModelSpec, ...]:
        return self.here, self.far


def spec(model_id: str, path: Path | None = None, **more: str) -> ModelSpec:
    return ModelSpec(
        id=model_id,
        title=model_id.title(),
        family="Shelf",
        architecture="resnet18",
        provider="shelf",
        dataset="insects",
        classes=("ant", "bee", "wasp"),
        preprocessing=Preprocessing(32, 32),
        parameters=0,
        path=path,
        **more,
    )


def test_a_provider(
    monkeypatch: pytest.MonkeyPatch, program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    file = small_model(tmp_path / "insects.safetensors")
    monkeypatch.setitem(PROVIDERS, "shelf", lambda: Shelf(file))
    _, out, _ = program("models", "shelf")
    listed = {line.split()[0]: line.split()[2] for line in out.splitlines()[1:]}
    assert published_specs()[-1].id == "shelf-far"  # imports know its file, settings move it
    assert listed == {"shelf-here": "installed", "shelf-far": "downloadable"}
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(gradient(40, 40), "PNG"))
    code, out, _ = program("classify", photo, "--model", "shelf-here", "--csv")
    assert (code, "shelf-here" in out) == (0, True)
    # An id of its is nobody else's.
    program("import", small_model(tmp_path / "shelf-far.safetensors"))
    assert "shelf-far-2" in program("models", "yours")[1]
    lane = JobLane("io")
    store = ModelStore(LocalEngine(Zoo.standard()), lane)
    with qtbot.waitSignal(store.changed):
        store.refresh()
    lane.close()
    assert lane.wait(5)
    here, far = store.entry("shelf-here"), store.entry("shelf-far")
    assert here is not None
    assert here.weights_path == file
    assert far is not None
    assert not far.state.ready


# --- an architecture --------------------------------------------------------------------------


class OutsideBlock(nn.Module):
    """x: (N, in, H, W) -> (N, out, H / stride, W / stride)."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()
        )
        same = stride == 1 and channels == out
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.residual(x) - self.shortcut(x)
        return y


class OutsideNet(nn.Module):
    """x: (N, 3, H, W) -> logits (N, classes)."""

    def __init__(self, blocks: int, classes: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(3, 8, 3, 2, 1)
        self.blocks = nn.Sequential(
            *(OutsideBlock(8, 8, 1) for _ in range(blocks)), OutsideBlock(8, 16, 2)
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.pool(self.blocks(self.entry(x))).flatten(1))
        return y


def build(name: str, classes: int, options: Options) -> nn.Module:
    return OutsideNet(options["blocks"], classes)


def find(model_id: str) -> Offer | None:
    if model_id != "outside2":
        return None
    return Offer(
        id=model_id,
        title="Outside with two blocks",
        family="Outside",
        architecture="outside",
        options={"blocks": 2},
        preprocessing=Preprocessing(36, 32),
        parameters=2_762,
        gflops=None,
    )


def guesses(shapes: Shapes) -> Iterator[Options]:
    count = sum(name.endswith(".residual.0.weight") for name in shapes)
    if "entry.weight" in shapes and count:
        yield {"blocks": count - 1}


OUTSIDE = Architecture(
    name="outside",
    title="Outside",
    family="Outside",
    builder=f"{__name__}:build",
    kind=Kind.RESIDUAL,
    depth=lambda options: int(options["blocks"]) + 3,
    blocks=(BlockKind("OutsideBlock", Kind.RESIDUAL, "F(x) − x", "F(x) − W·x"),),
    short_name=lambda options: f"Outside-{options['blocks']}",
    preprocessing=Preprocessing(36, 32),
    small=True,
    offered=("outside2",),
    find=find,
    options={"blocks": Field(Whole(1, 9))},
    guesses=guesses,
)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The architecture is known for the time of a test."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    registry.register(OUTSIDE)


@pytest.mark.usefixtures("outside")
def test_an_architecture_is_listed_and_drawn(program: Program) -> None:
    network = build_network("outside", 5, {"blocks": 2})
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 5)
    assert "outside2" in program("models", "--architectures", "outside")[1]
    found = describe_spec(Zoo.standard().architecture("outside2").spec)
    assert [(b.shortcut, b.formula) for b in found.blocks if b.formula] == [
        (Shortcut.IDENTITY, "F(x) − x"),
        (Shortcut.IDENTITY, "F(x) − x"),
        (Shortcut.PROJECTION, "F(x) − W·x"),
    ]
    assert found.weighted_layers == registry.depth_of("outside", {"blocks": 2}) == 5
    assert registry.made_for_small_photos("outside2")


@pytest.mark.usefixtures("outside")
def test_weights_of_an_architecture_are_recognised(program: Program, tmp_path: Path) -> None:
    torch.save(build_network("outside", 5, {"blocks": 3}).state_dict(), tmp_path / "bare.pth")
    code, _, said = program("import", tmp_path / "bare.pth")
    assert code == 0
    assert said.startswith("bare.pth: “bare”\nIts 5 classes have only numbers.")
    spec = Zoo.standard().ready("bare").spec
    assert (spec.architecture, spec.architecture_options) == ("outside", {"blocks": 3})
    assert spec.preprocessing == OUTSIDE.preprocessing
    assert "recognised as Outside-3 by" in spec.notes


@pytest.mark.usefixtures("outside")
def test_an_architecture_is_trained_from_random_weights(program: Program, tmp_path: Path) -> None:
    data = make_photos(tmp_path / "colours")
    words = ("--model", "outside2", "--epochs", 1, "--device", "cpu")
    code, _, said = program("train", data, *words)
    assert (code, "Epoch 1/1" in said) == (0, True), said
    assert "outside" in program("models", "yours")[1]
    (entry,) = (e for e in Zoo.standard().entries() if e.state is ModelState.YOURS)
    assert entry.spec.architecture == "outside"
    code, out, _ = program("classify", data / "red" / "000.jpg", "--model", entry.spec.id)
    assert (code, "red" in out) == (0, True)
