"""Two models on the same photos: the four numbers, the test, and which photos are compared."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from scipy.stats import binomtest
from typer.testing import CliRunner

from resnet_gui.cli import main as cli
from resnet_gui.cli.output import SOME_FAILED
from resnet_gui.core.dataset import DatasetScanned, scan_dataset
from resnet_gui.core.errors import DatasetError, ModelError
from resnet_gui.core.evaluation import compare as module
from resnet_gui.core.evaluation.compare import compare
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.intervals import mcnemar
from resnet_gui.core.evaluation.paired import Cell, Compared, PairedPhoto
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.helpers.models import CLASSES, small_model
from tests.helpers.training import make_photos

KINDS = ("ant", "bee")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "new photos"
    for number, kind in enumerate(KINDS):
        (root / kind).mkdir(parents=True)
        for n in range(8):
            colour = (40 * number + 20 * n, 250 - 30 * n, 90 * number + n)
            fractal = Image.effect_mandelbrot((48, 48), (-2, -1.5 + n / 9, 1, 1.5), 30 + n)
            fractal.convert("RGB").save(root / kind / f"{n}.png")
            Image.new("RGB", (48, 48), colour).save(root / kind / f"plain {n}.png")
    return root


def tiny(name: str, seed: int, **changes: object) -> ModelEntry:
    values = {
        "architecture": "cifar_resnet",
        "architecture_options": {"depth": 8},
        "preprocessing": Preprocessing(32, 32),
        **changes,
    }
    small_model(paths.user_models_dir() / f"{name}.safetensors", seed, **values)
    return Zoo.standard().ready(name)


def compared(events: Iterator[object]) -> Compared:
    *_, last = events
    assert isinstance(last, Compared)
    return last


def evaluated(entry: ModelEntry, folder: Path) -> Evaluated:
    *_, last = evaluate(entry, folder, device="cpu")
    assert isinstance(last, Evaluated)
    return last


# --- the test -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "broken"),
    [(0, 0), (1, 0), (0, 5), (5, 5), (31, 12), (12, 31), (3, 40), (400, 340), (1500, 1321)],
)
def test_mcnemar_equals_scipys_binomial_test(fixed: int, broken: int) -> None:
    n = fixed + broken
    expected = binomtest(fixed, n, 0.5).pvalue if n else 1.0
    assert math.isclose(mcnemar(fixed, broken), expected, rel_tol=1e-9)


def test_mcnemar_of_many_photos_is_a_number() -> None:
    """2**n fits into no float from 1024 photos on."""
    assert 0 < mcnemar(3000, 2700) < 0.001
    assert mcnemar(20_000, 0) == 0.0


def pair(cell: Cell, number: int = 0) -> PairedPhoto:
    right, wrong = "ant", "bee"
    first = right if cell in (Cell.BROKEN, Cell.BOTH_RIGHT) else wrong
    second = right if cell in (Cell.FIXED, Cell.BOTH_RIGHT) else wrong
    return PairedPhoto(f"{cell} {number}", right, first, second, 0.6, 0.7 + number / 1000)


def result(fixed: int, broken: int, right: int = 5, wrong: int = 3) -> Compared:
    counts = dict(zip(Cell, (fixed, broken, right, wrong), strict=True))
    photos = tuple(pair(cell, n) for cell, count in counts.items() for n in range(count))
    return Compared(("a", "b"), ("A", "B"), "photos", "all", photos)


def test_sentences() -> None:
    assert result(31, 12).sentence("A", "B") == (
        "B is right on 31 photos where A is wrong, A on 12: unlikely to be chance (p = 0.005)."
    )
    assert "may well be chance (p = 1)" in result(4, 5).sentence()
    assert "very unlikely to be chance (p < 0.001)" in result(1, 60).sentence()
    assert "on 1 photo where" in result(1, 0).sentence()
    assert result(0, 0).sentence("A", "B") == "A and B are right and wrong on the same photos."


def test_cells_hold_as_many_photos_as_they_count() -> None:
    found = result(4, 3, 2, 1)
    assert {cell: len(found.of(cell)) for cell in Cell} == found.counts()
    assert found.right() == (5, 6)
    sure = [photo.second_probability for photo in found.of(Cell.BROKEN)]
    assert sure == sorted(sure, reverse=True)


# --- the photos -----------------------------------------------------------------------------------


def test_agrees_with_evaluating_each(folder: Path) -> None:
    """The second model has its classes in another order."""
    first = tiny("first", 1)
    second = tiny("second", 6, classes=(CLASSES[1], CLASSES[2], CLASSES[0]))
    found = compared(compare(first, second, folder, device="cpu"))
    assert found.n == 32
    expected = [round(evaluated(entry, folder).top1 * 32) for entry in (first, second)]
    assert list(found.right()) == expected
    assert expected[0] != expected[1]
    assert {photo.truth for photo in found.photos} == set(KINDS)


def test_same_model_twice_differs_nowhere(folder: Path) -> None:
    entry = tiny("first", 1)
    found = compared(compare(entry, entry, folder, device="cpu"))
    counts = found.counts()
    assert counts[Cell.FIXED] == counts[Cell.BROKEN] == 0
    assert found.p == 1


def test_classes_that_one_model_lacks_are_left_out(folder: Path) -> None:
    first, second = tiny("first", 1), tiny("second", 2, classes=("ant", "wasp", "fly"))
    *events, last = compare(first, second, folder, device="cpu")
    assert isinstance(last, Compared)
    assert last.n == 16
    assert any(isinstance(e, Notice) and "bee" in e.message for e in events)
    other = tiny("other", 3, classes=("CAT [tabby]", "y", "z"))  # a class, but none of the folder
    with pytest.raises(DatasetError, match="know none of the classes"):
        list(compare(first, other, folder, device="cpu"))


def test_models_without_a_common_class_are_told_before_the_folder_is_read(tmp_path: Path) -> None:
    first, alien = tiny("first", 1), tiny("alien", 3, classes=("x", "y", "z"))
    with pytest.raises(ModelError, match="no class in common"):
        next(compare(first, alien, tmp_path / "is not there", device="cpu"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--device", "gpu9"), "there is no kind of device “gpu9”"),
        (("--part", "half"), "There is no part “half”: auto, all, train, val or test."),
    ],
)
@pytest.mark.parametrize("command", ["compare first first", "evaluate first"])
def test_wrong_options_are_told_before_the_folder_is_read(
    tmp_path: Path, command: str, options: tuple[str, ...], said: str
) -> None:
    arguments = [*command.split(), str(tmp_path / "is not there"), *options]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_unreadable_photo_is_told_once_and_left_out(folder: Path) -> None:
    first, second = tiny("first", 1), tiny("second", 2)
    *_, scanned = scan_dataset(folder)
    assert isinstance(scanned, DatasetScanned)
    cut = folder / "ant" / "0.png"
    cut.write_bytes(cut.read_bytes()[:60])
    *events, last = compare(first, second, folder, device="cpu", summary=scanned.summary)
    assert isinstance(last, Compared)
    assert (last.n, last.failed) == (31, 1)
    assert sum(isinstance(event, ImageFailed) for event in events) == 1
    assert "1 more photo could not be read" in last.caution()


def test_kept_answers_are_taken_instead_of_asking(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tiny("first", 1), tiny("second", 6)
    asked = compared(compare(first, second, folder, device="cpu"))
    assert asked.kept == ("", "")
    assert asked.source() == ""
    evaluated(first, folder)
    half = compared(compare(first, second, folder, device="cpu"))
    assert (bool(half.kept[0]), half.kept[1]) == (True, "")
    assert half.source("A", "B").startswith("The answers of A were kept (20")
    evaluated(second, folder)
    monkeypatch.setattr(module, "open_backend", None)  # nobody is asked
    both = compared(compare(first, second, folder, device="cpu", exact=True))
    assert "neither was asked again" in both.source()
    assert both.counts() == asked.counts()
    for one, other in zip(both.photos, asked.photos, strict=True):
        assert (one.path, one.first, one.second) == (other.path, other.first, other.second)
        assert one.first_probability == pytest.approx(other.first_probability, abs=1e-5)


def spoil(path: Path) -> None:
    """The photo's listing stays fine, its pixels cannot be read."""
    Image.effect_noise((200, 200), 50).save(path)
    raw = bytearray(path.read_bytes())
    start = raw.index(b"IDAT") + 4
    raw[start : start + 36] = b"\xff" * 36
    path.write_bytes(raw)
    os.utime(path, (1, 1))


def test_unreadable_photos_are_named_where_answers_were_kept(folder: Path) -> None:
    spoil(folder / "ant" / "bad.png")
    first, second = tiny("first", 1), tiny("second", 6)
    for kept in (0, 1, 2):
        *events, last = compare(first, second, folder, device="cpu")
        named = [Path(event.path).name for event in events if isinstance(event, ImageFailed)]
        assert isinstance(last, Compared)
        assert (sum(map(bool, last.kept)), last.failed, named) == (kept, 1, ["bad.png"])
        if kept < 2:
            evaluated((first, second)[kept], folder)
    words = ["compare", "first", "second", str(folder), "--device", "cpu"]
    shown = CliRunner().invoke(cli.app, words)
    assert shown.exit_code == SOME_FAILED
    assert "bad.png could not be read" in shown.stderr


def test_photos_that_nobody_asked_about_do_not_count_as_unreadable(tmp_path: Path) -> None:
    first, second = tiny("first", 1), tiny("second", 6)
    root = tmp_path / "parts"
    for part, count in (("train", 1), ("val", 3)):
        make_photos(root / part, ("ant", "bee"), count=count, side=36)
    spoil(root / "val" / "ant" / "bad.png")
    for name in ("one", "two"):  # the scan finds these
        (root / "val" / "ant" / f"{name}.png").write_bytes(b"")
    for entry in (first, second):
        evaluated(entry, root)  # val: 6 photos, and 3 that cannot be read
    every = compared(compare(first, second, root, device="cpu", part="all"))
    assert (every.n, every.failed, every.kept) == (8, 1, ("", ""))
    val = compared(compare(first, second, root, device="cpu", part="val"))
    assert (val.n, val.failed, all(val.kept)) == (6, 1, True)


def test_kept_answers_of_other_photos_or_weights_are_not_taken(folder: Path) -> None:
    first, second = tiny("first", 1), tiny("second", 6)
    for entry in (first, second):
        evaluated(entry, folder)
    assert all(compared(compare(first, second, folder, device="cpu")).kept)
    # Other weights under the same name.
    second = tiny("second", 7)
    assert not compared(compare(first, second, folder, device="cpu")).kept[1]
    # Another photo of the same name and size, as far as the listing can tell.
    path = folder / "ant" / "0.png"
    later = path.stat().st_mtime + 3600
    os.utime(path, (later, later))
    assert compared(compare(first, second, folder, device="cpu")).kept == ("", "")
    os.utime(path, (1, 1))
    assert compared(compare(first, second, folder, device="cpu")).kept[0]
    # A photo more: the folder is another one.
    (folder / "ant" / "new.png").write_bytes((folder / "ant" / "1.png").read_bytes())
    assert compared(compare(first, second, folder, device="cpu")).kept == ("", "")


def test_a_part_that_was_kept_is_enough_where_only_it_is_compared(tmp_path: Path) -> None:
    first, second = tiny("first", 1), tiny("second", 6)
    for part, count in (("train", 2), ("val", 3)):
        make_photos(tmp_path / "parts" / part, ("ant", "bee"), count=count, side=36)
    for entry in (first, second):
        evaluated(entry, tmp_path / "parts")  # val
    found = compared(compare(first, second, tmp_path / "parts", device="cpu"))
    assert (found.n, all(found.kept)) == (6, True)
    every = compared(compare(first, second, tmp_path / "parts", device="cpu", part="all"))
    assert (every.n, every.kept) == (10, ("", ""))


def test_command(folder: Path) -> None:
    tiny("first", 1), tiny("second", 6)
    words = ["compare", "first", "second", str(folder), "--device", "cpu"]
    shown = CliRunner().invoke(cli.app, words)
    assert shown.exit_code == 0
    assert "fixed (only the second is right)" in shown.stdout
    given = json.loads(CliRunner().invoke(cli.app, [*words, "--json"]).stdout)
    assert given["models"] == ["first", "second"]
    assert sum(given[cell.value] for cell in Cell) == given["n"] == len(given["photos"]) == 32
    assert {"p", "accuracy", "accuracy_ci95", "kept"} <= set(given)


def test_each_class_is_said_where_they_are_few() -> None:
    """ "95.7%" instead of "93.5%" says nothing of the defects, which are what counts."""
    said = {("OK", "OK", "OK"): 80, ("bad", "OK", "bad"): 2, ("bad", "bad", "bad"): 6}
    said["bad", "OK", "OK"] = 4
    photos = tuple(
        PairedPhoto(f"/x/{n}-{item}", *item, 0.9, 0.9)
        for item, count in said.items()
        for n in range(count)
    )
    result = Compared(("a", "b"), ("Old", "New"), "/x", "all", photos)
    assert result.by_class("A", "B") == "Recognised of 80 “OK”: A 80, B 80; of 12 “bad”: A 6, B 8."
    assert "“Old” 6, “New” 8" in result.by_class()
    many = tuple(PairedPhoto(f"/x/{n}", str(n), "1", "2", 0.9, 0.9) for n in range(5))
    for few in (many, photos[:80]):
        assert Compared(("a", "b"), ("A", "B"), "/x", "all", few).by_class() == ""
