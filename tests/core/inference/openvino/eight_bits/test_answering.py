"""Who answers in 8 bits: where it is wanted and may, and nobody else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.evaluation.compare import compare
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import ImageSource, Notice
from resnet_gui.core.inference import eight_bits
from resnet_gui.core.inference.backend import EXACT, INT8, OPENVINO
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import State, Verdict
from resnet_gui.core.inference.eight_bits import (
    EightBits,
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
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    EXACT_VARIABLE,
    eight_bits_wanted,
)
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, sources
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    PHOTOS,
    answered,
    are_in_8_bits,
    classify,
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


def _folder(tmp_path: Path) -> Path:
    for name in ("ant", "bee"):
        jpegs(tmp_path / "data" / name, 4)
    return tmp_path / "data"


def _measured(folder: Path, **options: bool) -> tuple[Measured, Evaluated, list[str]]:
    events = list(evaluate(insects_entry(), folder, part="all", device="cpu", **options))
    (measured,) = (event for event in events if isinstance(event, Measured))
    *_, result = events
    assert isinstance(result, Evaluated)
    return measured, result, [event.message for event in events if isinstance(event, Notice)]


def test_a_test_is_in_the_usual_form_and_says_so_to_who_wants_8_bits(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = conversion_now().verdict
    assert usual is not None
    measured, result, said = _measured(_folder(tmp_path))
    assert (result.backend, result.precision) == (OPENVINO, usual.precision)
    assert measured.predictions.facts.precision == usual.precision
    (notice,) = said
    assert "This measures the usual form" in notice
    entry = insects_entry()
    events = list(compare(entry, entry, tmp_path / "data", part="all", device="cpu"))
    assert notice in [event.message for event in events if isinstance(event, Notice)]
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    assert _measured(tmp_path / "data")[2] == []


def test_the_form_of_8_bits_is_tested_where_somebody_asks_and_kept_apart(
    home8: Path, tmp_path: Path
) -> None:
    folder = _folder(tmp_path)
    usual, *_ = _measured(folder)
    measured, result, said = _measured(folder, eight_bits=True)
    facts = measured.predictions.facts
    assert (result.precision, facts.precision, facts.fitted) == (INT8, INT8, {})
    assert said == []
    assert usual.path is not None
    assert measured.path is not None
    assert usual.path != measured.path
    assert usual.path.is_file()
    assert measured.path.is_file()
    backend = open_converted(insects_entry(), eight_bits=True)
    assert backend is not None
    photo = read_crop(
        ImageSource.file(measured.predictions.path(0)),
        insects_entry().spec.preprocessing,
        exact=False,
    )
    logits = backend.infer(photo.pixels[None])[0]
    assert np.abs(measured.predictions.logits[0] - logits).max() <= 0.01 * np.abs(logits).max()
    # Exact wins, as everywhere.
    assert _measured(folder, eight_bits=True, exact=True)[1].backend == EXACT


def test_it_is_said_where_there_is_no_form_of_8_bits_to_test(home: Path, tmp_path: Path) -> None:
    _, result, said = _measured(_folder(tmp_path), eight_bits=True)
    assert result.precision != INT8
    (notice,) = said
    assert "does not answer in 8 bits, as there is no such form of it yet" in notice
    verdict = Verdict(State.REFUSED, reason="it is no faster here")
    write_eight_bits(conversion_now(), EightBits(verdict))
    (notice,) = _measured(tmp_path / "data", eight_bits=True)[2]
    assert "as it is no faster here. The usual form is measured." in notice


def test_the_command_tests_the_form_of_8_bits(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    command = ["evaluate", "insects", str(_folder(tmp_path)), "--part", "all", "--device", "cpu"]
    usual, quick = (CliRunner().invoke(app, [*command, *more]) for more in ([], ["--8-bit"]))
    assert "precision (OpenVINO)." in usual.stdout
    assert "Answered in 8 bits (OpenVINO)." in quick.stdout


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
