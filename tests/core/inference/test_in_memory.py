"""Models in memory, devices that fail, threads and memory."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil
import pytest
from torch import nn

from resnet_gui.core.errors import DeviceError, ModelFileError
from resnet_gui.core.events import (
    DeviceInfo,
    ImageFailed,
    ImageSource,
    ModelLoading,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.inference import exact
from resnet_gui.core.inference.backend import Crops, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.system import paths
from resnet_gui.core.system.devices import available_devices, resolve_device
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.core.inference.conftest import answers, photo, run
from tests.helpers.models import cache_weights, small_model
from tests.helpers.pictures import encoded, gradient

META = DeviceInfo("meta", "A device that computes nothing")


# --- models in memory -------------------------------------------------------------------------


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids in the order in which networks are read from disk."""
    seen: list[str] = []
    real = exact.load_network

    def load_network(entry: ModelEntry) -> nn.Module:
        seen.append(entry.spec.id)
        return real(entry)

    monkeypatch.setattr(exact, "load_network", load_network)
    return seen


def test_two_models_stay_in_memory_the_one_used_longest_ago_goes(loads: list[str]) -> None:
    for seed, name in enumerate("abc"):
        small_model(paths.user_models_dir() / f"{name}.safetensors", seed=seed)
    classifier = Classifier(Zoo.standard())
    tops = {}
    for name in "abab":
        (answer,) = answers(run([photo(1)], name, classifier=classifier))
        assert answer.model == name
        tops[name] = answer.top.probability  # type: ignore[union-attr]
    assert loads == ["a", "b"]
    assert tops["a"] != tops["b"]
    run([photo(1)], "a", classifier=classifier)
    run([photo(1)], "c", classifier=classifier)  # b goes
    run([photo(1)], "a", classifier=classifier)
    assert loads == ["a", "b", "c"]
    run([photo(1)], "b", classifier=classifier)
    assert loads == ["a", "b", "c", "b"]
    classifier.forget("b")
    run([photo(1)], "b", classifier=classifier)
    assert loads[-2:] == ["b", "b"]


def test_a_model_that_left_memory_is_freed(loads: list[str]) -> None:
    import weakref

    for seed, name in enumerate("ab"):
        small_model(paths.user_models_dir() / f"{name}.safetensors", seed=seed)
    classifier = Classifier(Zoo.standard(), models_in_memory=1)
    run([photo(1)], "a", classifier=classifier)
    (kept,) = classifier._loaded.values()
    gone = weakref.ref(kept.backend.network)
    del kept
    run([photo(1)], "b", classifier=classifier)
    gc.collect()
    assert gone() is None


def test_a_replaced_file_is_loaded_anew(loads: list[str]) -> None:
    path = small_model(paths.user_models_dir() / "m.safetensors", seed=1)
    stamp = path.stat().st_mtime_ns
    classifier = Classifier(Zoo.standard())
    (before,) = answers(run([photo(1)], "m", classifier=classifier))
    small_model(path, seed=2)
    os.utime(path, ns=(stamp, stamp))  # even where the clock did not move on
    (after,) = answers(run([photo(1)], "m", classifier=classifier))
    assert loads == ["m", "m"]
    assert before.top.probability != after.top.probability  # type: ignore[union-attr]


def test_a_damaged_cached_file_is_named_with_its_place() -> None:
    path = cache_weights("resnet18", {})
    path.write_bytes(b"cut off")
    with pytest.raises(ModelFileError) as caught:
        run([photo(1)], "resnet18")
    assert path.name in str(caught.value)
    assert str(path.parent) in str(caught.value)


def test_load_says_ready_and_returns_the_model(insects: str) -> None:
    classifier = Classifier(Zoo.standard())
    events = []
    steps = classifier.load(insects, "cpu")
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            model = end.value
            break
    assert [type(event) for event in events] == [ModelLoading, ModelReady]
    assert model.spec.id == insects
    assert not model.backend.network.training
    assert not any(p.requires_grad for p in model.backend.network.parameters())
    assert [type(event) for event in classifier.load(insects, "cpu")] == [ModelReady]


# --- devices ----------------------------------------------------------------------------------


def test_a_device_that_is_not_here_is_replaced_with_a_notice(insects: str) -> None:
    events = run([photo(1)], insects, device="cuda:77")
    notice = events[0]
    assert isinstance(notice, Notice)
    assert "no device “cuda:77”" in notice.message
    assert "The CPU is used instead" in notice.message
    assert isinstance(events[-1], Prediction)
    assert events[-1].device == resolve_device("cpu").name


def _meta_unless_cpu(wanted: str) -> DeviceInfo:
    return resolve_device("cpu") if wanted == "cpu" else META


def test_a_device_that_fails_is_left_with_a_notice(insects: str) -> None:
    """torch's meta device really takes the network and really fails at the result."""
    classifier = Classifier(Zoo.standard(), find_device=_meta_unless_cpu)
    sources = [photo(1), ImageSource("bad", b"x"), photo(2)]
    events = run(sources, insects, "auto", classifier)
    kinds = [type(event) for event in events]
    assert kinds == [
        ModelLoading, ModelReady, Notice, ModelReady, Prediction, ImageFailed, Prediction,
    ]  # fmt: skip
    notice = events[2]
    assert isinstance(notice, Notice)
    assert notice.message.startswith(f"{META.name} failed (")
    assert "\n" not in notice.message
    assert notice.message.endswith("The CPU is used instead.")
    expected = answers(run(sources, insects, "cpu"))
    got = answers(events)
    assert [a.to_json() for a in got] == [a.to_json() for a in expected]
    # Once is enough: the broken device is not tried again.
    again = run([photo(3)], insects, "auto", classifier)
    assert [type(event) for event in again] == [ModelReady, Prediction]
    assert len(classifier._loaded) == 1


class _Stubborn(nn.Module):
    def to(self, *_: object, **__: object) -> nn.Module:  # type: ignore[override]
        raise RuntimeError("out of memory\nand a long trace")


def test_a_device_that_cannot_take_the_model(insects: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = exact.load_network
    networks: Iterator[nn.Module | None] = iter([_Stubborn(), None])
    monkeypatch.setattr(exact, "load_network", lambda entry: next(networks) or real(entry))
    classifier = Classifier(Zoo.standard(), find_device=_meta_unless_cpu)
    events = run([photo(1)], insects, "auto", classifier)
    assert [type(event) for event in events] == [ModelLoading, Notice, ModelReady, Prediction]
    assert "failed (out of memory)" in events[1].message  # type: ignore[union-attr]


def test_a_device_that_answers_nonsense_is_left(
    insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ExactBackend.infer

    def infer(self: ExactBackend, crops: Crops) -> Rows:
        if self.device.kind == "meta":
            return np.full((len(crops), 3), np.nan, np.float32)
        return real(self, crops)

    monkeypatch.setattr(ExactBackend, "infer", infer)
    classifier = Classifier(Zoo.standard(), find_device=_meta_unless_cpu)
    events = run([photo(1)], insects, "auto", classifier)
    assert any(isinstance(e, Notice) and "no numbers" in e.message for e in events)
    assert isinstance(events[-1], Prediction)


def test_devices_have_real_names_and_the_cpu_is_always_there() -> None:
    devices = available_devices()
    assert devices[-1].kind == "cpu"
    assert devices[-1].name
    assert devices[-1].name.lower() not in ("cpu", "x86_64 cpu") or not Path("/proc").exists()
    assert resolve_device("auto") == devices[0]
    assert resolve_device("") == devices[0]
    assert resolve_device(" CPU ") == devices[-1]
    with pytest.raises(DeviceError, match=r"no device “tpu”.*Available: auto, .*cpu"):
        resolve_device("tpu")


# --- threads and memory -----------------------------------------------------------------------


def _decoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_job_left_midway_leaves_no_thread(how: str, insects: str) -> None:
    steps = Classifier(Zoo.standard()).classify([photo(n) for n in range(50)], insects, "cpu")
    for event in steps:
        if isinstance(event, Prediction) and event.position == 3:
            break
    assert len(_decoders()) == 1
    if how == "close":
        steps.close()  # type: ignore[attr-defined]
    else:
        del steps, event
        gc.collect()
    assert _decoders() == []


def test_a_model_that_breaks_midway_leaves_no_thread(
    insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def infer(self: ExactBackend, crops: Crops) -> Rows:
        raise RuntimeError("boom")

    monkeypatch.setattr(ExactBackend, "infer", infer)
    with pytest.raises(RuntimeError, match="boom"):
        run([photo(n) for n in range(9)], insects)
    assert _decoders() == []


def test_it_reads_only_a_few_photos_ahead(insects: str) -> None:
    """Or a folder of 20,000 would be in memory before the first answer is looked at."""
    read = 0

    class Counting(Sequence[ImageSource]):
        def __len__(self) -> int:
            return 500

        def __getitem__(self, index: int) -> ImageSource:  # type: ignore[override]
            nonlocal read
            if index >= 500:
                raise IndexError
            read = max(read, index + 1)
            return photo(index % 7)

    steps = Classifier(Zoo.standard()).classify(Counting(), insects, "cpu")
    for event in steps:
        if isinstance(event, Prediction) and event.position == 2:
            break
    steps.close()  # type: ignore[attr-defined]
    assert read < 12


def test_memory_stays_flat(insects: str, tmp_path: Path) -> None:
    """260 photos of 6 MB each when decoded, every tenth one bad: 1.4 GB if anything kept them."""
    kept = [encoded(gradient(1600, 1250, seed=n), "JPEG", quality=60) for n in range(3)]
    sources = [ImageSource(f"{n}", kept[n % 3] if n % 10 else kept[0][:9000]) for n in range(260)]
    process = psutil.Process()
    classifier = Classifier(Zoo.standard())
    at: dict[int, float] = {}
    for event in classifier.classify(sources, insects, "cpu"):
        if isinstance(event, Prediction | ImageFailed) and event.position in (60, 259):
            gc.collect()
            at[event.position] = process.memory_info().rss / 1e6
    growth = at[259] - at[60]
    print(f"\nRSS after 60 photos {at[60]:.0f} MB, after 260 {at[259]:.0f} MB")  # noqa: T201 - shown by pytest -s
    assert growth < 40  # seven photos' worth
