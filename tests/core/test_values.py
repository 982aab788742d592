"""Values as JSON: what scripts, other programs and older files rely on, byte for byte."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import resnet_gui.core
from resnet_gui.core.dataset.cifar10.folder import UnpackProgress
from resnet_gui.core.dataset.collection.values import CollectedClass, CollectedPhoto, Collection
from resnet_gui.core.dataset.look_again import LookedAgain
from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.dataset.summary import (
    ClassSummary,
    DatasetScanned,
    DatasetSummary,
    LabelledPhoto,
    Part,
    Problem,
    ProblemKind,
    ScanProgress,
)
from resnet_gui.core.evaluation.evaluate import ClassMeasure, Evaluated
from resnet_gui.core.evaluation.paired import Compared, PairedPhoto
from resnet_gui.core.events import (
    ClassScore,
    DeviceInfo,
    DownloadProgress,
    ImageFailed,
    ModelLoading,
    ModelReady,
    ModelRemoved,
    Notice,
    Prediction,
)
from resnet_gui.core.explain.events import Explained, Layer, Neighbour
from resnet_gui.core.explain.events import Method as LookMethod
from resnet_gui.core.filing.batch import (
    BatchInfo,
    BatchState,
    Filed,
    FileMissed,
    FilingProgress,
    How,
    Piece,
    Plan,
    Planning,
    Skipped,
)
from resnet_gui.core.filing.batch import Why as WhyNot
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.improve.events import (
    FewPhotos,
    Guess,
    Improving,
    LeastSure,
    NotRead,
    Suspect,
    SuspectsFound,
)
from resnet_gui.core.improve.values import Applied, Content, Decision, Decisions, What
from resnet_gui.core.inference.converted import State, Verdict
from resnet_gui.core.inference.eight_bits import EightBits
from resnet_gui.core.inference.features import FeaturesDone, FeatureWay
from resnet_gui.core.inference.on_device import DeviceVerdict
from resnet_gui.core.photos.geometry import CropBox
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.events import (
    Accuracy,
    BatchDone,
    EpochDone,
    Estimated,
    LayersMeasured,
    LayerStatistics,
    PhotoSkipped,
    Preparing,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplePrediction,
    SamplesPredicted,
)
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.core.runs.info import RunInfo, RunState
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.values import Value, from_json
from resnet_gui.core.zoo.spec import Imported, ModelEntry, ModelSpec, ModelState

GOLDEN = Path(__file__).resolve().parents[1] / "fixtures" / "values.jsonl"
SCORE = ClassScore("Maß \udcff", 3, 0.1)
PREPROCESSING = Preprocessing(36, 32)
SPEC = ModelSpec(
    "tiny", "Tiny", "Test", "cifar_resnet", "yours", "noise", ("a", "b"), PREPROCESSING, 7,
    path=Path("/models/tiny.safetensors"), architecture_options={"depth": 8},
)  # fmt: skip
EPOCH = EpochDone("r", 1, 9, 10, "head", 1.5, 0.25, None, 1.0, 1e-4, 2.0, 100.0, True, 40)
CLASS = ClassSummary("a", 1, 2, 3, 4, ("/d/a/1.jpg", "/d/a/2.jpg"))
PROBLEM = Problem(ProblemKind.NO_PHOTOS, "a", "There are none.")
SUMMARY = DatasetSummary(
    "/d", True, (CLASS,), (LabelledPhoto("a/1.jpg", 0, Part.TRAIN, 9),), (PROBLEM,), 2, 9, "f0", 48
)
LAYERS = LayerStatistics(0, {"stem": 1.25, "head": float("nan")}, {"stage1.0": 0.5})
CONFIG = RunConfig("/d", "tiny", method=Method.FULL, gammas=(0.5, 0.1), milestones=(3, 4))
HISTORY = TrainingHistory("r", "R", "cifar_resnet", {"depth": 8}, (EPOCH,), (LAYERS,), {"lr": 0.1})
READ_BACK = (
    EpochDone, LayerStatistics, HttpSettings, PlateauState, Preprocessing, Progress, RunConfig,
    Split, TrainingHistory, Verdict, Collection,
    Decisions,
)  # fmt: skip
PIECE = Piece("/a.jpg", "/o/a/a.jpg", How.MOVE)
SKIPPED = Skipped("/b.jpg", WhyNot.MISSING, "It is gone.")
BATCH = BatchInfo("b", "Sort", BatchState.DONE, 1.5, 2, 1, 1, How.MOVE, 0, False, "/o")
COLLECTED = CollectedPhoto("/a.jpg", "ab")
CONTENT = Content("ab", 3, 10**18)
DECISION = Decision("/d/a/1.jpg", "a", What.LABEL, "b", CONTENT)
APPLIED = Applied(DECISION, "/d/b/1.jpg", "20260102-030405-abcdef")
SUSPECT = Suspect("/d/a/1.jpg", "a", "b", 0.25, 0.5, 1.5, True)
GUESS = Guess("/c/1.jpg", "a", 0.5, "b", 0.25)
NOT_READ = NotRead("/d/a/2.jpg", "It is damaged.")
VALUES: list[Any] = [
    SCORE,
    Prediction(0, "/a\udcff.jpg", "tiny", (SCORE,), 640, 480, "CPU", 1.5, 2.5, True),
    ImageFailed(1, "/b.jpg", "tiny", "ImageReadError", "It is damaged."),
    ModelLoading("tiny", "Tiny", True),
    ModelReady("tiny", "Tiny", "CPU", "cpu", 0.5),
    Notice("A device failed."),
    DownloadProgress("weights", 10, 0, 2.5, "waiting"),
    ModelRemoved("tiny", "Tiny", 100, True),
    UnpackProgress(1, 2, "waiting"),
    FeaturesDone(0, "/a.jpg", "tiny", np.array([0.5, 1.0], np.float32)),
    PREPROCESSING,
    ModelEntry(SPEC, ModelState.YOURS, Path("/models/tiny.safetensors"), "", "h5py"),
    ModelEntry(SPEC, ModelState.DOWNLOADABLE),
    Imported("/x.pth", SPEC, Path("/models/x.safetensors"), "hash"),
    Preparing("photos", 1, 2),
    PhotoSkipped("r", "a/1.jpg", "It is damaged."),
    EPOCH,
    RunStarted(
        "r", "/runs/r", 1, 10, "tiny", "head", 9, 10, True, ("a", "b"), 8, 2, 0, 4, "CPU", "cpu",
        "fp32", False, (EPOCH,),
    ),
    BatchDone("r", 1, 2, 2, 10, "head", 1.5, 0.25, 1e-4, 100.0, None, 500.0),
    SamplesPredicted("r", 1, (SamplePrediction("a/1.jpg", "a", (SCORE,)),)),
    RunFinished(
        "r", 9, 90, "completed", None, 9, Accuracy("test", 0.5, 0.25, 0.75, 2, 4), "/m", "r", 9.5
    ),
    RunStopped("r", 1, 10, 0.5, 1, "", "", True, 2.5),
    RunFailed("r", 1, 10, "OSError", "It failed.", 0.5, 1, "", "", True),
    Estimated(10.0, 1.0, 2.0, 500.0, 0.0, True, "About 10 s."),
    CONFIG,
    PlateauState(),
    PlateauState(0.5, 0.25, 2),
    Progress(1, 10, "network", 2, PlateauState(0.5, 0.25, 2), 1, 0.5, None, 1, 2, 0, 2.5,
             {"scale": 65536.0, "_growth_tracker": 3}, "ab"),
    Progress(),
    RunInfo("r", "/runs/r", "R", RunState.STOPPED, "2026-01-01T00:00:00+00:00", "/d", "tiny",
            "head", 1, 9, None, 1, "", True, "", 1000),
    LAYERS,
    HISTORY,
    Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/2.jpg", 1),), (), True),
    PROBLEM,
    CLASS,
    SUMMARY,
    ScanProgress(1, 0, 2),
    DatasetScanned(SUMMARY),
    LookedAgain(SUMMARY, "1 photo came"),
    Evaluated(
        "tiny", "/d", "all", 4, 1, 0.5, (0.25, 0.75), 1.0, 0.7,
        (ClassMeasure("a", 4, 2, 0.5, None),), ("a", "b"), ((2, 2), (0, 0)), "run", None,
    ),
    HttpSettings("none", Path("/own.pem"), "https://mirror.example", None, True),
    HttpSettings(),
    LayersMeasured("r", LAYERS),
    Verdict(State.CHECKED, "bf16", "", 16, 15, 0.02, 0.004, True),
    Compared(
        ("tiny", "other"), ("Tiny", "Other"), "/d", "val",
        (PairedPhoto("/d/a/1.jpg", "a", "b", "a", 0.5, 0.75),), 1, (0, None),
    ),
    Explained(
        "/a.jpg", "tiny", LookMethod.GRADCAM, "a", 0, 0.75, np.array([[0.5, 1.0]], np.float32),
        CropBox(0, 1, 2, 3), (1.5, 2.5), 640, 480, Layer(2, 1, bytes(8)),
    ),
    Neighbour("/d/a/1.jpg", "a", 0.5, True),
    PIECE,
    SKIPPED,
    Planning(1, 2),
    Plan("Sort", (PIECE,), (SKIPPED,), ("/o",), 1, 100, 1000, ""),
    FilingProgress("b", 1, 2, (("/a.jpg", "/o/a/a.jpg"),)),
    FileMissed("/a.jpg", "It is gone."),
    BATCH,
    Filed("b", "Sort", 1, 0, BATCH),
    COLLECTED,
    CollectedClass("ant", (COLLECTED,)),
    Collection((CollectedClass("ant", (COLLECTED,)),), (CollectedPhoto("/b\udcff.jpg"),)),
    CONTENT,
    DECISION,
    APPLIED,
    Decisions("/d", (DECISION, Decision("/b\udcff.jpg", "", What.ASIDE)), (APPLIED,)),
    Improving("features", 1, 2),
    SUSPECT,
    FewPhotos("a", 2),
    NOT_READ,
    SuspectsFound(
        "/d", "tiny", (SUSPECT,), 4, 1, (FewPhotos("a", 2),), (NOT_READ,), ("It is.",), 1.5,
    ),
    GUESS,
    LeastSure("/d", "tiny", (GUESS,), 9, 4, 1, ("a", "b"), (NOT_READ,), ("It is.",), 1.5),
    DeviceVerdict(
        DeviceInfo("openvino:gpu", "Intel Arc A770 (OpenVINO)", "31.0"),
        Verdict(State.REFUSED, reason="it gives another first answer"),
    ),
    EightBits(
        Verdict(State.CHECKED, "int8", photos=24, same=23, mean=0.03), "3.4.0", "ab",
        ("/d/\udcff.jpg",), 1.8, 1,
    ),
    FeatureWay(
        "tiny", "ab", "cifar_resnet", {"depth": 8}, PREPROCESSING, "", "avg", "openvino", "fp32",
        "CPU", "quick", {"openvino": "2026.4.1"},
    ),
]  # fmt: skip


def lines() -> list[str]:
    return [dump_json(value.to_json()) for value in VALUES]


def test_json_is_byte_for_byte_what_it_was() -> None:
    """The golden file was written before values had one converter."""
    assert lines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_every_value_is_in_the_list() -> None:
    """A new one has to be added, so that its JSON cannot change unseen."""
    for module in pkgutil.walk_packages(resnet_gui.core.__path__, "resnet_gui.core."):
        importlib.import_module(module.name)
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in Value.__subclasses__()}
    assert kinds == {f"{type(value).__module__}.{type(value).__name__}" for value in VALUES}


@pytest.mark.parametrize(
    "value", [value for value in VALUES if type(value) in READ_BACK], ids=lambda v: type(v).__name__
)
def test_json_comes_back(value: Any) -> None:
    document = json.loads(json.dumps(value.to_json()))
    again = from_json(type(value), document | {"of another version": [1]})
    assert repr(again) == repr(value)  # equal, and not-a-numbers too


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epoch": "1"}, "epoch: Expected int, got str"),
        ({"epoch": 1.5}, "epoch: Expected int, got float"),
        ({"epoch": True}, "epoch: Expected int, got bool"),
        ({"best": 1}, "best: Expected bool, got int"),
        ({"val_loss": "low"}, "val_loss: Expected float | null, got str"),
        ({"run": None}, "run: Expected str, got null"),
    ],
    ids=str,
)
def test_a_wrong_type_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        from_json(EpochDone, EPOCH.to_json() | change)


def test_a_missing_field_is_named() -> None:
    document = EPOCH.to_json()
    del document["train_photos"]  # has a default: older files do not have it
    assert from_json(EpochDone, document) == replace(EPOCH, train_photos=0)
    del document["lr"]
    with pytest.raises(ValueError, match=r"^'lr' is missing$"):
        from_json(EpochDone, document)
    with pytest.raises(ValueError, match=r"^epochs\[0\]: 'lr' is missing$"):
        from_json(TrainingHistory, HISTORY.to_json() | {"epochs": [document]})


def test_numbers_of_numpy_and_other_mappings_become_plain() -> None:
    value = LayerStatistics(0, MappingProxyType({"stem": np.float64(0.5)}), {})
    assert json.dumps(value.to_json()) == (
        '{"epoch": 0, "gradient_norm": {"stem": 0.5}, "residual_ratio": {}}'
    )
    with pytest.raises(TypeError, match="object has no JSON"):
        Notice(object()).to_json()  # type: ignore[arg-type]


def test_names_that_are_no_text_come_back() -> None:
    document = {"label": "\udcff", "index": 0, "probability": 1}
    assert from_json(ClassScore, document).label == "\udcff"
