"""Conversions are made in the background, and answer as soon as they are there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from resnet_gui.core.events import ClassScore, Prediction
from resnet_gui.core.inference.backend import EXACT, OPENVINO
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import (
    describe,
    find_conversion,
)
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.system import openvino_import
from resnet_gui.core.system.openvino_import import import_openvino, openvino_version
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import (
    answers,
    backend_of,
    insects_entry,
    small_insects,
    sources,
)

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def test_the_first_answers_are_exact_and_the_later_ones_fast(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real process, which is waited for."""
    monkeypatch.delenv("RESNET_GUI_EXACT")
    begun = Conversions()
    monkeypatch.setattr("resnet_gui.core.inference.faster_forms.CONVERSIONS", begun)
    small_insects()
    classifier = Classifier(Zoo.standard())
    devices = []
    for event in classifier.classify(sources(6), "insects", "cpu"):
        if isinstance(event, Prediction):
            devices.append(event.device)
            if event.position == 2:
                assert backend_of(classifier) == EXACT
                begun.wait(100)
    assert ["OpenVINO" in device for device in devices] == [False, False, False, True, True, True]
    assert backend_of(classifier) == OPENVINO


def test_kept_answers_of_the_fast_and_the_exact_form_are_apart(home: Path) -> None:
    """Who would answer is known before anything is loaded, and is who answers then."""
    photos = sources(20)
    kept: list[list[tuple[int, tuple[ClassScore, ...]]]] = []
    for exact in (False, True, False, True):
        classifier = Classifier(Zoo.standard())
        _, expected = classifier.expected("insects", "cpu", exact=exact)
        library = Library(classifier)
        events = list(library.answer(photos, "insects", "cpu", exact=exact))
        library.store.close()
        found = [event for event in events if isinstance(event, AnsweredPhoto)]
        assert [photo.kept for photo in found] == [len(kept) > 1] * 20
        assert {photo.answer.device for photo in found} == {expected.device.name}
        if len(kept) < 2:
            assert classifier.expected("insects", "cpu", exact=exact)[1] == expected
            assert backend_of(classifier) == expected.name
        kept.append(sorted((photo.position, photo.scores) for photo in found))
    assert kept[:2] == kept[2:]
    assert kept[0] != kept[1]


# --- without OpenVINO ----------------------------------------------------------------------------


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openvino", None)


def test_without_the_extra_all_is_as_before(home: Path, blocked: None) -> None:
    with pytest.raises(ImportError):
        import_openvino()
    assert openvino_import.openvino_version() == ""
    entry = insects_entry()
    assert find_conversion(entry) is None
    assert describe(entry) == ""
    begun = Conversions()
    begun.begin(entry)
    assert list(begun._begun.values()) == [None]
    classifier = Classifier(Zoo.standard())
    assert len(answers(classifier)) == 4
    assert backend_of(classifier) == EXACT
