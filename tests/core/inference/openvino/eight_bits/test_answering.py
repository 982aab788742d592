"""Who answers in 8 bits: where it is wanted and may, and nobody else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.inference import eight_bits
from resnet_gui.core.inference.backend import EXACT, INT8
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.eight_bits import (
    describe_eight_bits,
    eight_bits_of,
    place_of,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.looking import looking
from resnet_gui.core.inference.open_backend import open_backend, open_converted
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    EXACT_VARIABLE,
    eight_bits_wanted,
)
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import (
    insects_entry,
    sources,
)
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    PHOTOS,
    answered,
    are_in_8_bits,
    classify,
    conversion_now,
    file_sources,
    jpegs,
    known_now,
)

pytestmark = NEEDS_NNCF


def test_it_answers_only_where_it_is_wanted_and_exact_wins(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[list[str]]
) -> None:
    photos = file_sources(jpegs(tmp_path / "photos"))
    in_8_bits = classify(Classifier(Zoo.standard()), photos)
    assert are_in_8_bits(in_8_bits) == [True] * PHOTOS
    before = sorted(
        (path, path.stat().st_mtime_ns) for path in place_of(conversion_now()).iterdir()
    )
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    classifier = Classifier(Zoo.standard())
    assert are_in_8_bits(classify(classifier, photos)) == [False] * PHOTOS
    after = sorted((path, path.stat().st_mtime_ns) for path in place_of(conversion_now()).iterdir())
    assert before == after
    assert describe_eight_bits(insects_entry()) == ""
    # It is a matter of each load.
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    assert are_in_8_bits(classify(classifier, photos[:2])) == [True] * 2
    monkeypatch.setenv(EXACT_VARIABLE, "1")
    assert not eight_bits_wanted()
    events = classify(classifier, photos[:2])
    assert are_in_8_bits(events) == [False] * 2
    _, form = classifier.expected("insects", "cpu")
    assert form.name == EXACT
    assert begun == []


def test_who_would_answer_is_known_and_kept_answers_of_each_form_are_apart(
    home8: Path, tmp_path: Path
) -> None:
    photos = file_sources(jpegs(tmp_path / "photos", 20))
    ways: list[str] = []
    for wants in (True, False, True):
        classifier = Classifier(Zoo.standard(), wants_eight_bits=lambda wants=wants: wants)
        _, form = classifier.expected("insects", "cpu")
        assert (form.precision == INT8) is wants
        assert form.made == (known_now().made if wants else "")
        library = Library(classifier)
        events = list(library.answer(photos, "insects", "cpu"))
        library.store.close()
        answered = [event for event in events if isinstance(event, AnsweredPhoto)]
        assert [photo.kept for photo in answered] == [len(ways) == 2] * 20
        assert {photo.answer.device for photo in answered} == {form.device.name}
        ways.append(answered[0].way)
    assert ways[0] == ways[2] != ways[1]
    # Another one, made from other photos, is another way.
    write_eight_bits(conversion_now(), dataclasses.replace(known_now(), made="other"))
    _, other = Classifier(Zoo.standard()).expected("insects", "cpu")
    assert (other.precision, other.made) == (INT8, "other")


def test_models_that_look_twice_answer_in_8_bits_too(home8: Path) -> None:
    backend = open_converted(looking(insects_entry(), "flip"), eight_bits=True)
    assert backend is not None
    assert (backend.precision, backend.made) == (INT8, known_now().made)


def test_features_are_computed_in_float32(home8: Path) -> None:
    entry = insects_entry()
    quick = open_backend(entry, cpu(), exact=False, eight_bits=True)
    usual = open_backend(entry, cpu(), exact=False)
    assert (quick.precision, usual.precision) != (INT8, INT8)
    crops = check_pictures(entry.spec.preprocessing)
    assert np.array_equal(quick.features(crops), usual.features(crops))
    _, seen = quick.infer_both(crops)  # for photos that are unlike all others
    assert seen is not None
    assert seen.shape == usual.features(crops).shape
    near = check_pictures(entry.spec.preprocessing)[:2]
    assert np.abs(seen[:2] - usual.features(near)).max() < 0.2 * np.abs(seen[:2]).max()
    many = quick.for_many()
    assert (many.precision, many.made) == (INT8, quick.made)


def test_a_test_is_never_in_8_bits(home8: Path, tmp_path: Path) -> None:
    for name in ("ant", "bee"):
        jpegs(tmp_path / "data" / name, 4)
    usual = conversion_now().verdict
    assert usual is not None
    assert eight_bits_wanted()
    events = list(evaluate(insects_entry(), tmp_path / "data", part="all", device="cpu"))
    (measured,) = (event for event in events if isinstance(event, Measured))
    assert measured.predictions.facts.precision == usual.precision
    assert isinstance(events[-1], Evaluated)


def test_one_that_is_there_answers_without_nncf(
    home8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "")
    assert are_in_8_bits(classify(Classifier(Zoo.standard()), sources(2))) == [True] * 2
    assert describe_eight_bits(insects_entry()).startswith("8 bits: ")
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "99.0")  # by another one it is made
    assert eight_bits_of(conversion_now()) is None
    assert worth_making(conversion_now())


def test_commands_answer_in_8_bits(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    photo = str(jpegs(tmp_path / "photos", 1)[0])
    (quick,) = answered(
        classify(
            Classifier(Zoo.standard(), wants_eight_bits=lambda: True), file_sources([Path(photo)])
        )
    )
    for options, found in (([], False), (["--8-bit"], True), (["--8-bit", "--exact"], False)):
        command = ["classify", photo, "--model", "insects", "--device", "cpu", "--json", *options]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        said = json.loads(result.stdout)["predictions"][0]["probability"]
        assert (said == pytest.approx(quick.top.probability, abs=1e-6)) is found
