"""Train and pack a bundled model: one command each, resumable.

    python -m tools.make_models resnet20-cifar10 --data FOLDER --work FOLDER

FOLDER of --data has `train/CLASS/` and `test/CLASS/` with the images of CIFAR-10. A run that was
interrupted goes on; one that is finished is only packed. What comes out goes into `models/`:
NAME.safetensors, NAME.history.json and the card NAME.md; of `resnet20-quartet` and
`resnet56-quartet`, whose curves stand beside those of the two plain networks that were trained
alike, the history alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import machine
from resnet_gui.core.dataset import DatasetSummary
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, RunFailed
from resnet_gui.core.runs.history import SUFFIX as HISTORY_SUFFIX
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.core.runs.listing import RunDirectory, RunState
from resnet_gui.core.system.atomic import write_json, write_text
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.presets import config_for
from resnet_gui.core.zoo import ModelEntry, ModelSpec, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.weights.load import read_state_dict, save_model
from tools.calibrate_models import calibrate, scanned

MODELS = Path(__file__).resolve().parent.parent / "models"
SEED = 0
JPEG = (
    "The images are a copy of CIFAR-10 that was re-encoded as JPEG (quality about 75), to train "
    "and to test, so figures are a little under those on the original pixels."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """title: of the card. architecture: id of an untrained network. settings: what differs from
    the preset cifar-fast, by the names of `RunConfig`'s fields. curve_only: the Lab shows its
    training, and its weights are not kept."""

    title: str
    architecture: str
    purpose: str
    settings: Mapping[str, Any]
    curve_only: bool = False


# Every epoch at 32x32 pixels, 15 % of them to warm up and then evenly down to zero: 12 epochs so
# end at 85.4 % where one cycle ended at 84.9 (depth 20).
_FULL_SIZE: dict[str, Any] = {
    "progressive_resizing": False,
    "shift_pixels": 4,
    "shift_reflect": True,
    "alternate_flip": True,
    "schedule": "linear",
}
_LONG_20 = _FULL_SIZE | {"epochs": 100, "warmup_epochs": 15.0}
# Deep and thin, it learns the training images by heart before the rate is low: half the peak
# rate, and a square of 8 pixels cut out of every image.
_LONG_56 = _FULL_SIZE | {"epochs": 60, "warmup_epochs": 9.0, "lr": 0.05, "cutout": 8}
_ALIKE = _FULL_SIZE | {"epochs": 20, "warmup_epochs": 3.0}
_V2 = _FULL_SIZE | {"epochs": 24, "warmup_epochs": 3.6}
_KINDS = {
    ("cifar_resnet", "residual"): "with shortcuts (option A)",
    ("cifar_resnet", "plain"): "without shortcuts",
    ("cifar_preresnet", ""): "with shortcuts that nothing interrupts (pre-activation)",
}
_BEST = "Trained for as long as it gains."
_PREACTIVATED = (
    "The second design of residual networks (He et al. 2016), in bottlenecks. It was trained for "
    "24 epochs; more would still gain."
)
_PAIR = "One of four networks trained exactly alike, to compare depths with and without shortcuts."
RECIPES = {
    "resnet20-cifar10": Recipe("ResNet-20 (CIFAR-10)", "cifar-resnet20", _BEST, _LONG_20),
    "resnet56-cifar10": Recipe("ResNet-56 (CIFAR-10)", "cifar-resnet56", _BEST, _LONG_56),
    "resnet56v2-cifar10": Recipe(
        "ResNet-56 V2 (CIFAR-10)", "cifar-preresnet56", _PREACTIVATED, _V2
    ),
    "plain20-cifar10": Recipe("Plain-20 (CIFAR-10)", "cifar-plain20", _PAIR, _ALIKE),
    "plain56-cifar10": Recipe("Plain-56 (CIFAR-10)", "cifar-plain56", _PAIR, _ALIKE),
    "resnet20-quartet": Recipe("ResNet-20, as the plain", "cifar-resnet20", _PAIR, _ALIKE, True),
    "resnet56-quartet": Recipe("ResNet-56, as the plain", "cifar-resnet56", _PAIR, _ALIKE, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=list(RECIPES))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="where the run is kept")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument(
        "--original", action="store_true", help="the images are the original pixels, not JPEG"
    )
    parser.add_argument(
        "--where", default="", help="“on …”: of a run that moved to another computer"
    )
    values = parser.parse_args()
    run = train_run(values.name, values.data, values.work)
    data_note = "" if values.original else JPEG
    pack(values.name, run, values.data, values.models, data_note, values.where)


def train_run(name: str, data: Path, work: Path) -> RunDirectory:
    """Start the run, or go on with it; nothing if it is finished."""
    recipe, path = RECIPES[name], work / "runs" / name
    if path.is_dir():
        run = RunDirectory.open(path)
        if run.document["state"] == RunState.FINISHED.value:
            return run
        events = resume(path, models=work / "models")
    else:
        config = config_for(
            "cifar-fast",
            data=str(data),
            model=recipe.architecture,
            photos=50_000,
            seed=SEED,
            title=name,
            **recipe.settings,
        )
        events = train(config, folder=work / "runs", models=work / "models")
    for event in events:
        if isinstance(event, EpochDone):
            print(
                f"{name}: epoch {event.epoch}/{event.epochs}, train {event.train_accuracy:.2%}, "
                f"validation {event.val_accuracy or 0:.2%}, {event.seconds:.0f} s",
                file=sys.stderr,
            )
        elif isinstance(event, RunFailed):
            raise SystemExit(event.message)
    return RunDirectory.open(path)


def pack(
    name: str, run: RunDirectory, data: Path, models: Path, data_note: str, where: str = ""
) -> None:
    """Measure the model on the test images and write its three files; of a run whose curve alone
    is wanted, the history. where: what ran it, in words, if not the computer the run names."""
    history = _history(name, run)
    if RECIPES[name].curve_only:
        write_json(models / f"{name}{HISTORY_SUFFIX}", history.to_json())
        return
    source = Path(str(run.document["model_path"]))
    (entry,) = (
        entry
        for entry in FileProvider(source.parent, ModelState.YOURS).entries()
        if entry.weights_path == source
    )
    summary = scanned(data)
    measured = _measure(entry, data, summary)
    spec = _spec(name, entry.spec, measured, data_note)
    provenance = {
        "recipe": dict(history.recipe),
        "versions": run.document["versions"],
        "hardware": run.document["hardware"],
    }
    path = models / f"{name}.safetensors"
    save_model(path, spec, read_state_dict(source), provenance)
    write_json(models / f"{name}{HISTORY_SUFFIX}", history.to_json())
    card = _card(name, spec, run, history, measured, data_note, where)
    write_text(models / f"{name}.md", card)
    print(f"{path}: {measured.top1:.2%} of {measured.n:,} test images", file=sys.stderr)
    packed = Zoo((FileProvider(models, ModelState.BUNDLED),)).ready(name)  # it can be used
    print(calibrate(packed, summary), file=sys.stderr)


def _measure(entry: ModelEntry, data: Path, summary: DatasetSummary) -> Evaluated:
    *_, result = evaluate(entry, data, part="test", summary=summary)
    assert isinstance(result, Evaluated)
    return result


def _history(name: str, run: RunDirectory) -> TrainingHistory:
    """Without the folder that the images lay in."""
    model = run.document["model"]
    recipe: dict[str, Any] = {**run.config.to_json(), "data": "cifar10"}
    return TrainingHistory(
        id=name,
        title=RECIPES[name].title,
        architecture=model["architecture"],
        options=model["architecture_options"],
        epochs=tuple(run.metrics()),
        layers=tuple(run.layers()),
        recipe=recipe,
    )


def _spec(name: str, spec: ModelSpec, measured: Evaluated, data_note: str) -> ModelSpec:
    low, high = measured.top1_ci95
    depth = spec.architecture_options["depth"]
    what = _KINDS[spec.architecture, spec.architecture_options.get("kind", "")]
    return dataclasses.replace(
        spec,
        id=name,
        title=RECIPES[name].title,
        family="CIFAR",
        dataset="CIFAR-10",
        top1=measured.top1,
        top5=measured.top5,
        licence="MIT. The images it was trained on belong to their owners.",
        notes=(
            f"{depth} layers {what}, for pictures of 32×32 pixels in ten classes. "
            f"{measured.top1:.1%} of {measured.n:,} test images right. {data_note}".strip()
        ),
        metrics={
            "accuracy": measured.top1,
            "accuracy_part": "test",
            "accuracy_ci95": [low, high],
            "photos": measured.n,
        },
    )


def _card(
    name: str,
    spec: ModelSpec,
    run: RunDirectory,
    history: TrainingHistory,
    measured: Evaluated,
    data_note: str,
    where: str,
) -> str:
    recipe, settings = RECIPES[name], run.config
    last = history.epochs[-1]
    low, high = measured.top1_ci95
    hardware = run.document["hardware"]
    seconds = sum(epoch.seconds for epoch in history.epochs)
    if not where:
        beside = (
            "one thread, with other work on the machine"
            if hardware["kind"] == "cpu"
            else "beside the trainings of the others"
        )
        where = f"on {hardware['device']} ({hardware['precision']}), {beside}"
    weakest = sorted(measured.per_class, key=lambda item: item.recall or 0.0)[:3]
    lines = [
        f"# {recipe.title}",
        "",
        f"{recipe.purpose} {spec.notes}",
        "",
        "| | |",
        "| --- | --- |",
        f"| architecture | `{recipe.architecture}`: {spec.parameters:,} parameters, "
        f"{spec.gflops:.3f} GFLOPs (multiply-adds) at 32×32 |",
        f"| test accuracy | **{measured.top1:.2%}** of {measured.n:,} images (95 % interval "
        f"{low:.2%} to {high:.2%}), measured by `resnet-gui evaluate {name} FOLDER` in fp32 |",
        f"| training error | {1 - last.train_accuracy:.2%} in the last epoch, on shifted and "
        "mirrored images, counted before each step |",
        f"| data | CIFAR-10 (Krizhevsky 2009): {_count(run, 'train'):,} images trained, "
        f"{_count(run, 'val'):,} held out for the curve, {_count(run, 'test'):,} tested. "
        f"{data_note} |",
        f"| recipe | {_recipe_in_words(settings)} |",
        f"| seed | {settings.seed} |",
        f"| weights | those of epoch {next(e.epoch for e in reversed(history.epochs) if e.best)}, "
        "the best on the held-out images at full size |",
        f"| time | {seconds / 60:.0f} minutes {where} |",
        f"| made with | torch {run.document['versions']['torch']} |",
        "",
        "## Limits",
        "It knows ten classes and nothing else: any other photo gets one of the ten, often with "
        "high probability. It sees 32×32 pixels, so what is small in a photo is lost. The classes "
        "it recognises worst: "
        + ", ".join(f"{item.label} ({item.recall or 0:.0%})" for item in weakest)
        + ".",
        "",
        "## Make it again",
        "",
        f"    python -m tools.make_models {name} --data FOLDER --work FOLDER",
        "",
        "The result is the same to the last bit only on the same processor and versions.",
        "",
    ]
    return "\n".join(lines)


def _recipe_in_words(settings: RunConfig) -> str:
    parts = [
        f"preset `cifar-fast` with {settings.epochs} epochs, batch {settings.batch_size}, "
        f"SGD with Nesterov momentum {settings.momentum:g}, {settings.schedule} schedule up to "
        f"rate {settings.lr:g} ({settings.warmup_epochs:g} epochs to warm up), weight decay "
        f"{settings.weight_decay:g}",
        f"shift by up to {settings.shift_pixels or 'a tenth of the'} pixels"
        + (", the border reflected" if settings.shift_reflect else ""),
        "mirrored in every second epoch" if settings.alternate_flip else "mirrored at random",
    ]
    if settings.cutout:
        parts.append(f"a square of {settings.cutout} pixels cut out")
    if settings.ema_decay:
        parts.append(f"running average of the weights, decay {settings.ema_decay:g}")
    if settings.progressive_resizing:
        parts.append("60 % of the epochs at 16×16 pixels and 20 % at 24×24")
    else:
        parts.append("every epoch at 32×32 pixels")
    return ", ".join(parts)


def _count(run: RunDirectory, part: str) -> int:
    split = run.split()
    return len({"train": split.train, "val": split.val, "test": split.test}[part])


if __name__ == "__main__":
    main()
    print(machine(), file=sys.stderr)
