"""The faster backend: the same answers, checked before it may give one."""

from __future__ import annotations

import locale
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_gui.core.events import Prediction
from resnet_gui.core.inference import convert as conversion
from resnet_gui.core.inference import converted, openvino_backend, photo_inputs
from resnet_gui.core.inference.backend import EXACT, OPENVINO, softmax
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import State, describe, find_conversion
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.open_backend import open_backend, open_converted
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import keeping_locale, openvino_version
from resnet_gui.core.system.priority import COMPUTING_NICE
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import (
    answers,
    backend_of,
    insects_entry,
    small_insects,
    sources,
)

ROOT = Path(paths.PACKAGE_DIR).parent
pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def test_it_answers_as_exact_does(home: Path) -> None:
    classifier, exact = (
        Classifier(Zoo.standard()),
        Classifier(Zoo.standard(), wants_exact=lambda: True),
    )
    found, expected = answers(classifier), answers(exact)
    assert (backend_of(classifier), backend_of(exact)) == (OPENVINO, EXACT)
    for one, other in zip(found, expected, strict=True):
        assert one.top.label == other.top.label
        assert one.top.probability == pytest.approx(other.top.probability, abs=0.05)
        assert "OpenVINO" in one.device
        assert one.to_json().keys() == other.to_json().keys()
    verdict = find_conversion(insects_entry()).verdict  # type: ignore[union-attr]
    assert verdict is not None
    assert verdict.state is State.CHECKED
    assert describe(insects_entry()).startswith("Fast (OpenVINO, ")


@pytest.mark.usefixtures("home")
def test_a_locale_that_openvino_left_is_taken_back() -> None:
    """Seen where several threads compiled at once: files were ASCII from then on."""
    before = locale.setlocale(locale.LC_CTYPE)
    if before == "C":
        pytest.skip("this process has no other locale")
    entry = Zoo.standard().ready("insects")
    assert open_backend(entry, cpu(), exact=False).name == OPENVINO
    with keeping_locale():
        locale.setlocale(locale.LC_CTYPE, "C")  # as it leaves it
    assert locale.setlocale(locale.LC_CTYPE) == before


def test_the_first_call_of_a_process_comes_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, and OpenVINO's binding waits for ever now and then."""
    monkeypatch.setattr(openvino_backend, "_alone", openvino_backend._Alone())
    backend = open_backend(insects_entry(), cpu(), exact=False)
    original, heard = openvino_backend.OpenVinoBackend._infer, []

    def slow(self: openvino_backend.OpenVinoBackend, *args: object) -> object:
        heard.append("in")
        threading.Event().wait(0.05)
        rows = original(self, *args)  # type: ignore[arg-type]
        heard.append("out")
        return rows

    monkeypatch.setattr(openvino_backend.OpenVinoBackend, "_infer", slow)
    crops = np.zeros((1, 32, 32, 3), np.uint8)
    threads = [threading.Thread(target=backend.infer, args=(crops,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard[:2] == ["in", "out"]
    assert len(heard) == 8


def test_any_number_of_photos_from_any_number_of_threads(home: Path) -> None:
    entry = insects_entry()
    backend = open_backend(entry, cpu(), exact=False)
    many = backend.for_many()
    assert many.threads >= 1
    assert many.for_many() is many
    assert backend.for_many() is many
    crops = check_pictures(entry.spec.preprocessing)
    expected = backend.infer(crops)
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        rows = [many.infer(crops[i : i + 1 + number % 3]) for i in range(0, 12, 1 + number % 3)]
        found[number] = np.concatenate(rows)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    largest = np.abs(expected).max()
    for rows in found.values():
        assert np.abs(rows - expected[:12]).max() < 0.02 * largest


@pytest.mark.parametrize("goal", ["LATENCY", "THROUGHPUT"])
def test_answers_do_not_depend_on_how_the_pixels_lie_in_memory(home: Path, goal: str) -> None:
    found = find_conversion(insects_entry())
    assert found is not None
    backend = OpenVinoBackend(found.folder, "fp32", goal)
    crops = check_pictures(insects_entry().spec.preprocessing)[:6]
    expected = backend.infer(crops)
    locked = crops.copy()
    locked.flags.writeable = False  # as pixels come from Pillow
    assert np.array_equal(backend.infer(locked), expected)
    apart = np.zeros((12, *crops.shape[1:]), np.uint8)[::2]
    apart[...] = crops
    assert np.array_equal(backend.infer(apart), expected)
    turned = np.ascontiguousarray(crops.transpose(0, 3, 2, 1)).transpose(0, 3, 2, 1)
    assert np.array_equal(backend.infer(turned), expected)
    backend.infer(255 - crops)  # the same request, other pixels
    assert np.array_equal(expected, backend.infer(crops)), "what was returned is a copy"
    assert np.array_equal(crops, locked), "and what was given is not written to"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority here")
def test_what_computes_many_photos_gives_way_to_threads_that_need_the_interpreter(
    home: Path,
) -> None:
    entry = insects_entry()
    backend = open_backend(entry, cpu(), exact=False)
    many = backend.for_many()
    many.infer(check_pictures(entry.spec.preprocessing)[:4])
    there = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    behind = [thread for thread in there if os.sched_getscheduler(thread) == os.SCHED_BATCH]
    assert len(behind) >= many.threads // 2
    assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in behind} == {
        max(COMPUTING_NICE, os.getpriority(os.PRIO_PROCESS, 0))
    }


def test_one_photo_has_a_form_of_its_own_that_answers_as_the_one_for_any_number(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    make = openvino_backend._compile

    def noted(folder: Path, model: str, *given: Any) -> Any:
        compiled.append(model)
        return make(folder, model, *given)

    monkeypatch.setattr(openvino_backend, "_compile", noted)
    found = find_conversion(insects_entry())
    assert found is not None
    backend = OpenVinoBackend(found.folder, "fp32")
    crops = check_pictures(insects_entry().spec.preprocessing)
    alone = np.concatenate([backend.infer(crops[n : n + 1]) for n in range(4)])
    assert compiled == ["one.xml"]
    together = backend.infer(crops[:4])
    assert np.abs(alone - together).max() <= 1e-4 * np.abs(together).max()
    backend.infer(crops[:3])
    assert compiled == ["one.xml", "model.xml"]


def test_both_forms_have_their_weights_in_one_file_and_what_is_compiled_has_none(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_GUI_HOME", str(made))
    found = find_conversion(insects_entry())
    assert found is not None
    weights, other = found.folder / "model.bin", found.folder / "one.bin"
    assert weights.samefile(other)
    kept = sum(path.stat().st_size for path in (found.folder / "compiled").iterdir())
    assert kept < 400_000
    size = weights.stat().st_size
    assert size <= converted.used_bytes() < 2 * size + 2_000_000


def test_a_folder_is_answered_by_several_threads_as_its_photos_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnet_gui.core.inference.photo_inputs.cores", lambda: 3)
    asked: list[tuple[str, str]] = []
    run = OpenVinoBackend.infer

    def infer(self: OpenVinoBackend, crops: np.ndarray) -> np.ndarray:
        asked.extend(len(crops) * [(threading.current_thread().name.partition("_")[0], self._goal)])
        return run(self, crops)

    monkeypatch.setattr(OpenVinoBackend, "infer", infer)
    # What is optimal on a computer with more cores; with one stream there is nothing to share.
    monkeypatch.setattr(OpenVinoBackend, "for_many", _with_two_threads(OpenVinoBackend.for_many))
    ready = threading.Event()
    prepare = photo_inputs.PhotoStream._prepare

    def prepared(*given: Any) -> None:
        prepare(*given)
        ready.set()

    monkeypatch.setattr(photo_inputs.PhotoStream, "_prepare", prepared)
    folder: list[Prediction] = []
    for event in Classifier(Zoo.standard()).classify(sources(80), "insects", "cpu"):
        if isinstance(event, Prediction):
            folder.append(event)
            # However busy the computer is: the photos are not to be over before.
            assert len(folder) != 4 or ready.wait(60)
    assert [answer.position for answer in folder] == list(range(80))
    by_threads = asked.count(("decode", "THROUGHPUT"))
    assert by_threads > 30
    assert by_threads + asked.count((threading.current_thread().name, "LATENCY")) == 80
    classifier = Classifier(Zoo.standard())
    for position, source in enumerate(sources(80)):
        if position % 9 == 0:
            *_, alone = classifier.classify([source], "insects", "cpu")
            assert isinstance(alone, Prediction)
            assert alone.top.index == folder[position].top.index
            assert alone.top.probability == pytest.approx(
                folder[position].top.probability, abs=0.02
            )


def _with_two_threads(
    for_many: Callable[[OpenVinoBackend], OpenVinoBackend],
) -> Callable[[OpenVinoBackend], OpenVinoBackend]:
    def with_two(self: OpenVinoBackend) -> OpenVinoBackend:
        many = for_many(self)
        many.threads = max(2, many.threads)
        return many

    return with_two


def test_features_are_those_of_exact_to_the_fifth_digit(home: Path) -> None:
    entry = insects_entry()
    crops = check_pictures(entry.spec.preprocessing)
    fast, exact = (open_backend(entry, cpu(), exact=exact) for exact in (False, True))
    found, expected = fast.features(crops), exact.features(crops)
    assert found.shape == expected.shape == (len(crops), 64)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    classifier = Classifier(Zoo.standard())
    events = extract_features(classifier, sources(), "insects", device="cpu")
    rows = [event.features for event in events if isinstance(event, FeaturesDone)]
    assert backend_of(classifier) == OPENVINO
    assert np.stack(rows).shape == (4, 64)


def test_float32_where_the_processor_computes_in_nothing_less(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    monkeypatch.setattr(conversion, "computes_in_bf16", lambda: False)
    assert list(convert(insects_entry()))[-1] == "done"
    backend = open_converted(insects_entry())
    assert backend is not None
    assert backend.precision == "fp32"
    exact = open_backend(insects_entry(), cpu(), exact=True)
    crops = check_pictures(insects_entry().spec.preprocessing)
    expected = exact.infer(crops)
    assert np.abs(backend.infer(crops) - expected).max() < 1e-5 * np.abs(expected).max()


def test_softmax_is_the_usual_one() -> None:
    logits = np.array([[1000.0, 999.0], [-3.0, -3.0]], np.float32)
    rows = softmax(logits)
    assert rows.dtype == np.float32
    assert np.allclose(rows, [[0.7310586, 0.26894143], [0.5, 0.5]])
