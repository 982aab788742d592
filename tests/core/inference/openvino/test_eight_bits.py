"""Forms of 8 bits: made from a person's photos, judged on others of them, watched when used."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice, Prediction
from resnet_gui.core.inference import background, eight_bits, faster_forms, quantize
from resnet_gui.core.inference.backend import EXACT, INT8, Crops
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.convert import write_model
from resnet_gui.core.inference.converted import (
    VERDICT,
    Conversion,
    State,
    Verdict,
    clear_conversions,
    describe,
    find_conversion,
    used_bytes,
)
from resnet_gui.core.inference.eight_bits import (
    EightBits,
    describe_eight_bits,
    eight_bits_of,
    lock_of,
    photos_for,
    place_of,
    spread,
    withdraw,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.looking import looking
from resnet_gui.core.inference.open_backend import open_backend, open_converted
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.system.locks import lock
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    EXACT_VARIABLE,
    Settings,
    eight_bits_wanted,
    save_settings,
)
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.weights.load import load_network
from tests.core.inference.openvino.conftest import (
    copy_home,
    insects_entry,
    sources,
)
from tests.helpers.pictures import encoded, gradient

pytestmark = pytest.mark.skipif(
    not openvino_version() or not version_of("nncf"), reason="the extra “int8” is not installed"
)
PHOTOS = 72


def _photos(folder: Path, count: int = PHOTOS) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(count):
        path = folder / f"{number:03d}.jpg"
        path.write_bytes(encoded(gradient(64 + number % 9, 48, seed=number), "JPEG"))
        made.append(path)
    return made


def _quickly(patch: pytest.MonkeyPatch) -> None:
    """How much faster so small a network gets nobody asks; it is not measured for seconds."""
    patch.setattr(quantize, "_ROUND_S", 0.01)
    patch.setattr(quantize, "MIN_TIMES_AS_FAST", 0.0)


@pytest.fixture(scope="session")
def made_in_8_bits(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the model, its conversion and the form of 8 bits of that."""
    home = tmp_path_factory.mktemp("eight_bits") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_GUI_HOME", str(home))
        _quickly(patch)
        copy_home(made, home)
        make_eight_bits(insects_entry(), _photos(home.parent / "photos"))
        assert _known().usable
    return home


@pytest.fixture
def home8(made_in_8_bits: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, of the test's own, where answers in 8 bits are wanted."""
    copy_home(made_in_8_bits, own_home)
    monkeypatch.delenv(EXACT_VARIABLE)
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    return own_home


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The photos that forms of 8 bits would be made from; no process begins."""
    handed: list[list[str]] = []

    def started(entry: ModelEntry, device: object, photos: Sequence[str] = ()) -> None:
        handed.append(list(photos))
        raise OSError("not here")

    monkeypatch.setattr(background, "_start", started)
    monkeypatch.setattr(faster_forms, "CONVERSIONS", Conversions())
    return handed


def _conversion() -> Conversion:
    found = find_conversion(insects_entry())
    assert found is not None
    return found


def _known() -> EightBits:
    known = eight_bits_of(_conversion())
    assert known is not None
    return known


def _files(paths: Sequence[Path]) -> list[ImageSource]:
    return [ImageSource.file(path) for path in paths]


def _classify(classifier: Classifier, photos: Sequence[ImageSource]) -> list[ClassifyEvent]:
    return list(classifier.classify(photos, "insects", "cpu"))


def _in_8_bits(events: Sequence[ClassifyEvent]) -> list[bool]:
    return ["8 bits" in event.device for event in events if isinstance(event, Prediction)]


def _notices(events: Sequence[ClassifyEvent]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


# --- the whole way --------------------------------------------------------------------------------


def _like_the_process(
    entry: ModelEntry, device: object, photos: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    make_eight_bits(entry, [Path(name) for name in photos])
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process


def test_a_folder_is_answered_in_8_bits_once_they_were_tried_on_its_photos(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _quickly(monkeypatch)
    monkeypatch.setattr(background, "_start", _like_the_process)
    monkeypatch.setattr(faster_forms, "CONVERSIONS", Conversions())
    save_settings(Settings(eight_bits=True))
    photos = _files(_photos(tmp_path / "photos"))
    entry = insects_entry()
    assert describe_eight_bits(entry) == "In 8 bits after the next folder of 64 photos or more."
    classifier, usual = Classifier(Zoo.standard()), Classifier(Zoo.standard(), **OFF)
    events = _classify(classifier, photos)
    assert _notices(events) == []
    switched = _in_8_bits(events)
    # The job that went on went over; what was being answered then is in the usual form.
    assert (switched[0], switched[-1]) == (False, True)
    # Single photos and the next folder are answered in 8 bits, too, and by who starts anew.
    assert _in_8_bits(_classify(classifier, photos[:1])) == [True]
    anew = _classify(Classifier(Zoo.standard()), photos)
    assert _in_8_bits(anew) == [True] * PHOTOS
    for one, other in zip(anew, _classify(usual, photos), strict=True):
        if isinstance(one, Prediction) and isinstance(other, Prediction):
            assert one.top.label == other.top.label
            assert one.top.probability == pytest.approx(other.top.probability, abs=0.1)
    known = _known()
    assert (known.verdict.precision, known.verdict.photos) == (INT8, PHOTOS // 3)
    assert len(known.photos) == PHOTOS
    assert known.nncf == version_of("nncf")
    assert describe_eight_bits(entry) == (
        f"8 bits: {known.times_as_fast:.1f} times as fast here; on 24 of your photos the same "
        f"first answer {known.verdict.same} times, percentages "
        f"{max(known.verdict.mean, 0.001):.1%} apart on average."
    )
    assert describe(entry).startswith("Fast (OpenVINO, ")


OFF: dict[str, Callable[[], bool]] = {
    "wants_eight_bits": lambda: False,
    "wants_exact": lambda: False,
}


@pytest.mark.slow
def test_it_is_made_in_a_process_of_its_own(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    conversions = Conversions()
    entry = insects_entry()
    photos = _photos(tmp_path / "photos\udcff")
    conversions.begin_eight_bits(entry, [str(path) for path in photos])
    assert conversions.underway(entry, eight_bits=True)
    assert not conversions.underway(entry)
    conversions.wait(100)
    assert conversions.ended(entry, eight_bits=True)
    assert _known().verdict.state in (State.CHECKED, State.REFUSED)  # it may be no faster
    assert _known().photos == tuple(map(str, photos))


def test_photos_of_a_job_are_taken_evenly_and_only_files() -> None:
    files = [ImageSource.file(f"/photos/{number}.jpg") for number in range(1000)]
    chosen = photos_for([*sources(5), *files])
    assert len(chosen) == 300
    assert (chosen[0], chosen[150]) == ("/photos/0.jpg", "/photos/500.jpg")
    assert photos_for([*sources(5), *files[:63]]) == []
    assert photos_for(files[:64]) == [source.name for source in files[:64]]
    assert spread(["a", "b", "c", "d"], 2) == ["a", "c"]


def test_photos_are_known_by_their_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = photos_for([ImageSource.file(f"photos/{number}.jpg") for number in range(64)])
    assert chosen[0] == str(tmp_path / "photos" / "0.jpg")


def test_a_making_that_decided_nothing_is_begun_again_with_the_next_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Sequence[str]] = []

    def ended(_: ModelEntry, __: object, photos: Sequence[str]) -> subprocess.Popen[bytes]:
        begun.append(photos)
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr(background, "_start", ended)
    conversions = Conversions()
    for folder in ("a", "b"):
        conversions.begin_eight_bits(insects_entry(), [folder])
    assert begun == [["a"], ["b"]]
    write_eight_bits(_conversion(), EightBits(Verdict(State.REFUSED, reason="it is no faster")))
    conversions.begin_eight_bits(insects_entry(), ["c"])
    assert begun == [["a"], ["b"]]


# --- who may answer -------------------------------------------------------------------------------


def test_it_answers_only_where_it_is_wanted_and_exact_wins(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[list[str]]
) -> None:
    photos = _files(_photos(tmp_path / "photos"))
    in_8_bits = _classify(Classifier(Zoo.standard()), photos)
    assert _in_8_bits(in_8_bits) == [True] * PHOTOS
    before = sorted((path, path.stat().st_mtime_ns) for path in place_of(_conversion()).iterdir())
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    classifier = Classifier(Zoo.standard())
    assert _in_8_bits(_classify(classifier, photos)) == [False] * PHOTOS
    after = sorted((path, path.stat().st_mtime_ns) for path in place_of(_conversion()).iterdir())
    assert before == after
    assert describe_eight_bits(insects_entry()) == ""
    # It is a matter of each load.
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    assert _in_8_bits(_classify(classifier, photos[:2])) == [True] * 2
    monkeypatch.setenv(EXACT_VARIABLE, "1")
    assert not eight_bits_wanted()
    events = _classify(classifier, photos[:2])
    assert _in_8_bits(events) == [False] * 2
    _, form = classifier.expected("insects", "cpu")
    assert form.name == EXACT
    assert begun == []


def test_who_would_answer_is_known_and_kept_answers_of_each_form_are_apart(
    home8: Path, tmp_path: Path
) -> None:
    photos = _files(_photos(tmp_path / "photos", 20))
    ways: list[str] = []
    for wants in (True, False, True):
        classifier = Classifier(Zoo.standard(), wants_eight_bits=lambda wants=wants: wants)
        _, form = classifier.expected("insects", "cpu")
        assert (form.precision == INT8) is wants
        assert form.made == (_known().made if wants else "")
        library = Library(classifier)
        events = list(library.answer(photos, "insects", "cpu"))
        library.store.close()
        answered = [event for event in events if isinstance(event, AnsweredPhoto)]
        assert [photo.kept for photo in answered] == [len(ways) == 2] * 20
        assert {photo.answer.device for photo in answered} == {form.device.name}
        ways.append(answered[0].way)
    assert ways[0] == ways[2] != ways[1]
    # Another one, made from other photos, is another way.
    write_eight_bits(_conversion(), dataclasses.replace(_known(), made="other"))
    _, other = Classifier(Zoo.standard()).expected("insects", "cpu")
    assert (other.precision, other.made) == (INT8, "other")


def test_models_that_look_twice_answer_in_8_bits_too(home8: Path) -> None:
    backend = open_converted(looking(insects_entry(), "flip"), eight_bits=True)
    assert backend is not None
    assert (backend.precision, backend.made) == (INT8, _known().made)


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
        _photos(tmp_path / "data" / name, 4)
    usual = _conversion().verdict
    assert usual is not None
    assert eight_bits_wanted()
    events = list(evaluate(insects_entry(), tmp_path / "data", part="all", device="cpu"))
    (measured,) = (event for event in events if isinstance(event, Measured))
    assert measured.predictions.facts.precision == usual.precision
    assert isinstance(events[-1], Evaluated)


# --- what is refused ------------------------------------------------------------------------------


def _instead(change: Callable[[Tensor], Tensor]) -> Callable[[Path, Crops], None]:
    """What is written is no form of 8 bits, but a network whose head is another."""

    def quantized(folder: Path, crops: Crops) -> None:
        entry = insects_entry()
        network: nn.Module = load_network(entry)
        with torch.no_grad():
            head = network.get_parameter("head.weight")
            head.copy_(change(head))
        write_model(network, entry.spec.preprocessing, folder / INT8)

    return quantized


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weight: weight.flip(0), "it gives another first answer"),
        (lambda weight: 0.1 * weight, "apart"),
        (lambda weight: weight * torch.nan, "it answers with no number (NaN)"),
        (lambda weight: weight, "it is no faster here"),
    ],
)
def test_one_that_is_not_as_good_or_no_faster_is_refused(
    change: Callable[[Tensor], Tensor],
    reason: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun: list[list[str]],
) -> None:
    _quickly(monkeypatch)
    monkeypatch.setattr(quantize, "MIN_TIMES_AS_FAST", 10.0 if "faster" in reason else 0.0)
    monkeypatch.setattr(quantize, "quantize", _instead(change))
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    photos = _photos(tmp_path / "photos")
    make_eight_bits(insects_entry(), photos)
    verdict = _known().verdict
    assert verdict.state is State.REFUSED
    assert reason in verdict.reason
    assert [path.name for path in place_of(_conversion()).iterdir()] == [VERDICT]
    assert describe_eight_bits(insects_entry()) == f"Not in 8 bits, as {verdict.reason}."
    classifier = Classifier(Zoo.standard())
    events = _classify(classifier, _files(photos))
    assert _in_8_bits(events) == [False] * PHOTOS
    said = f"“Insects [garden]” does not answer in 8 bits, as {verdict.reason}."
    assert _notices(events) == [said]
    assert _notices(_classify(classifier, _files(photos))) == []  # once
    assert begun == []


def test_a_processor_without_8_bits_is_not_tried(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "computes_in_8_bits", lambda: False)
    monkeypatch.setattr(quantize, "quantize", lambda *_: pytest.fail("it was tried"))
    make_eight_bits(insects_entry(), _photos(tmp_path / "photos"))
    assert _known().verdict.reason == "this processor does not compute with them"


def test_without_nncf_it_is_said_how_to_get_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[list[str]]
) -> None:
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "")
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    classifier, photos = Classifier(Zoo.standard()), _files(_photos(tmp_path / "photos"))
    events = _classify(classifier, photos)
    (notice,) = _notices(events)
    assert "NNCF, which makes them, is not installed (pip install " in notice
    assert _in_8_bits(events) == [False] * PHOTOS
    assert _notices(_classify(classifier, photos)) == []
    assert "NNCF" in describe_eight_bits(insects_entry())
    assert begun == []


def test_one_that_is_there_answers_without_nncf(
    home8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "")
    assert _in_8_bits(_classify(Classifier(Zoo.standard()), sources(2))) == [True] * 2
    assert describe_eight_bits(insects_entry()).startswith("8 bits: ")
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "99.0")  # by another one it is made
    assert eight_bits_of(_conversion()) is None
    assert worth_making(_conversion())


def test_too_few_photos_that_can_be_read_decide_nothing(home: Path, tmp_path: Path) -> None:
    photos = _photos(tmp_path / "photos")
    for path in photos[: PHOTOS - 63]:
        path.write_bytes(b"no photo")
    make_eight_bits(insects_entry(), photos)
    assert eight_bits_of(_conversion()) is None


def test_a_full_disk_decides_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, crops: Crops) -> None:
        raise RuntimeError("write failed: No space left on device")

    monkeypatch.setattr(quantize, "quantize", full)
    with pytest.raises(OSError, match="No space left"):
        make_eight_bits(insects_entry(), _photos(tmp_path / "photos"))
    assert eight_bits_of(_conversion()) is None
    assert _conversion().usable


def test_one_that_ends_its_process_is_not_begun_for_ever(home: Path) -> None:
    for attempts, again in ((1, True), (2, False)):
        unfinished = Verdict(State.UNFINISHED, attempts=attempts)
        write_eight_bits(_conversion(), EightBits(unfinished))
        assert worth_making(_conversion()) is again
    with lock(lock_of(_conversion()), 1.0):  # the second attempt goes on, in another process
        assert eight_bits.why_not(insects_entry()) == ""
    assert eight_bits.why_not(insects_entry()) == "that could not be made"


# --- what it does not fit -------------------------------------------------------------------------


def _spoilt(change: Callable[[Tensor], Tensor]) -> None:
    """What was checked answers otherwise now, as one does that meets photos of another kind."""
    shutil.rmtree(place_of(_conversion()) / "compiled")
    known = _known()
    _instead(change)(_conversion().folder, np.zeros(0, np.uint8))
    write_eight_bits(_conversion(), known)


def test_photos_of_another_kind_are_answered_in_the_usual_form_and_it_is_made_anew(
    home8: Path, tmp_path: Path, begun: list[list[str]]
) -> None:
    known = _known()
    _spoilt(lambda weight: -20 * weight)
    photos = _photos(tmp_path / "photos", 80)
    classifier = Classifier(Zoo.standard())
    events = _classify(classifier, _files(photos))
    (notice,) = _notices(events)
    assert "In 8 bits “Insects [garden]” answers these photos otherwise than it should" in notice
    assert _in_8_bits(events) == [False] * 80
    usual = _classify(Classifier(Zoo.standard(), **OFF), _files(photos))
    for one, other in zip(_answers(events), _answers(usual), strict=True):
        assert one.top.label == other.top.label
    # The one that does not fit is not used any more; the next learns from both kinds.
    assert begun == [[str(path) for path in photos]]
    withdrawn = _known()
    assert (withdrawn.usable, withdrawn.withdrawn) == (False, 1)
    assert withdrawn.photos == known.photos
    assert [path.name for path in place_of(_conversion()).iterdir()] == [VERDICT]
    assert _in_8_bits(_classify(classifier, sources(2))) == [False] * 2


@pytest.mark.slow
def test_what_is_made_after_one_that_did_not_fit_learns_from_both_kinds(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, photos = _known(), _photos(tmp_path / "photos", 80)
    withdraw(_conversion(), _known().made)
    _quickly(monkeypatch)
    learned: list[int] = []
    made = quantize.quantize
    monkeypatch.setattr(
        quantize,
        "quantize",
        lambda folder, crops: learned.append(len(crops)) or made(folder, crops),
    )
    make_eight_bits(insects_entry(), photos)
    assert set(_known().photos) == set(known.photos) | set(map(str, photos))
    assert learned == [(PHOTOS + 80) - (PHOTOS + 80) // 3]
    assert (_known().usable, _known().withdrawn) == (True, 1)


def _answers(events: Sequence[ClassifyEvent]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


def test_a_few_photos_are_not_compared(home8: Path, begun: list[list[str]]) -> None:
    _spoilt(lambda weight: -20 * weight)
    assert _in_8_bits(_classify(Classifier(Zoo.standard()), sources(63))) == [True] * 63
    assert _known().usable


def test_what_does_not_fit_again_and_again_is_given_up(home8: Path) -> None:
    known = _known()
    for times in (1, 2, 3):
        withdraw(_conversion(), _known().made)
        assert _known().withdrawn == times
        assert worth_making(_conversion()) is (times < 3)
        if times < 3:
            write_eight_bits(_conversion(), dataclasses.replace(known, withdrawn=times))
    assert _known().verdict.reason == "your photos are of too many kinds for one such form"


def test_one_that_was_made_instead_meanwhile_stays(home8: Path) -> None:
    known = _known()
    write_eight_bits(_conversion(), dataclasses.replace(known, made="another", withdrawn=1))
    withdraw(_conversion(), known.made)  # by somebody who compared the one before
    assert (_known().usable, _known().made, _known().withdrawn) == (True, "another", 1)
    withdraw(_conversion(), f"{known.made} another")  # of an ensemble of it
    assert (_known().usable, _known().withdrawn) == (False, 2)


# --- its files ------------------------------------------------------------------------------------


def test_it_counts_and_goes_with_its_conversion(home8: Path) -> None:
    place = place_of(_conversion())
    assert {path.name for path in place.iterdir()} >= {"model.bin", "one.bin", VERDICT}
    size = (place / "model.bin").stat().st_size
    assert size < (_conversion().folder / "model.bin").stat().st_size / 2
    before = used_bytes()
    shutil.copy(place / "model.bin", place / "other.bin")
    assert used_bytes() == before + size
    clear_conversions()
    assert not place.exists()


@pytest.mark.parametrize("damage", ["verdict", "weights"])
def test_a_damaged_one_is_not_used(damage: str, home8: Path, begun: list[list[str]]) -> None:
    place = place_of(_conversion())
    if damage == "verdict":
        (place / VERDICT).write_text('{"verdict": {"state": "chec')
    else:
        for name in ("model.bin", "one.bin"):
            (place / name).unlink()
    events = _classify(Classifier(Zoo.standard()), sources(2))
    assert _in_8_bits(events) == [False] * 2
    assert worth_making(_conversion())


# --- asking for it --------------------------------------------------------------------------------


def test_commands_answer_in_8_bits(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EIGHT_BITS_VARIABLE)
    photo = str(_photos(tmp_path / "photos", 1)[0])
    (quick,) = _answers(
        _classify(Classifier(Zoo.standard(), wants_eight_bits=lambda: True), _files([Path(photo)]))
    )
    for options, found in (([], False), (["--8-bit"], True), (["--8-bit", "--exact"], False)):
        command = ["classify", photo, "--model", "insects", "--device", "cpu", "--json", *options]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        said = json.loads(result.stdout)["predictions"][0]["probability"]
        assert (said == pytest.approx(quick.top.probability, abs=1e-6)) is found
