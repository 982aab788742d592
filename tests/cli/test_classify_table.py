"""`classify` for many photos: columns, files that are whole, and going on where a call stopped."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest
from typer.testing import CliRunner, Result

from resnet_gui.cli import main as cli
from resnet_gui.cli.classified import Pace, table_in_file
from resnet_gui.core.events import ModelReady
from resnet_gui.core.library.columns import chosen_columns
from resnet_gui.core.library.store import AnswerStore
from resnet_gui.core.library.tables import TableKind
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Preprocessing
from tests.helpers.answered import answered, cell_text
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

PROGRAM = [sys.executable, "-m", "resnet_gui"]
posix = pytest.mark.skipif(os.name == "nt", reason="names and signals of POSIX")


def invoke(*arguments: str | Path) -> Result:
    words = ["classify", *map(str, arguments), "--model", "insects", "--device", "cpu"]
    return CliRunner().invoke(cli.app, words)


@pytest.fixture(autouse=True)
def insects(own_home: Path) -> None:
    small_model(
        paths.user_models_dir() / "insects.safetensors",
        architecture="cifar_resnet",
        architecture_options={"depth": 20},
        preprocessing=Preprocessing(32, 32),
    )


def make(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).write_bytes(encoded(gradient(20 + number % 40, 9 + number), "JPEG"))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make(tmp_path / "photos", [f"{number:02}.jpg" for number in range(12)])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("options", [("--csv",), ("--csv", "--columns", "label,top"), ("--json",)])
def test_no_columns_that_no_photo_can_fill(options: tuple[str, ...], photos: Path) -> None:
    """A model of three classes had label_4 and label_5, always empty."""
    small_model(paths.user_models_dir() / "two.safetensors", classes=("ant", "bee"))
    words = (photos / "00.jpg", *options)
    if "--json" in options:
        words = (*words, "--columns", "label,top")
    for models, most in ((("--model", "two"), 2), (("--top", "900", "--model", "insects"), 3)):
        done = CliRunner().invoke(cli.app, ["classify", *map(str, words), *models])
        assert done.exit_code == 0, done.output
        first = done.stdout.splitlines()[0]
        assert (f"label_{most}" in first, f"label_{most + 1}" in first) == (True, False)


@posix
def test_a_written_table_read_back(tmp_path: Path) -> None:
    names = [
        "a, b.jpg", 'quoted "c".jpg', "two\nlines.jpg", "cat 🐱.jpg", "=1+1.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    ]  # fmt: skip
    folder = make(tmp_path / "photos", names)
    (folder / "broken.jpg").write_bytes(b"no photo")
    out = tmp_path / "table.csv"
    done = invoke(folder, "--csv", "--out", out, "--columns", "name,label,probability,latitude")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "table.csv: 7 photos, 1 without an answer." in done.stderr
    expected = {*names[:-1], "caf\\udce9.jpg", "broken.jpg"}
    assert {cell_text(row["name"]) for row in rows(out)} == expected
    frame = pandas.read_csv(out)
    assert {cell_text(name) for name in frame["name"]} == expected
    assert frame["probability"].count() == 6
    assert list(frame.columns) == ["name", "label", "probability", "latitude"]
    assert [path.name for path in tmp_path.glob(".*")] == []
    german = invoke(folder, "--csv", "--semicolons", "--columns", "name,probability").stdout
    assert german.splitlines()[0] == "name;probability"
    assert len(re.findall(r";0,\d{6}$|;1,0{6}$", german, re.MULTILINE)) == 6
    invoke(folder, "--csv", "--out", out, "--bom")
    assert out.read_bytes().startswith("\ufeffpath,".encode())


def test_json_with_columns_and_in_a_file(photos: Path, tmp_path: Path) -> None:
    done = invoke(photos, "--json", "--columns", "name,margin")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [value["name"] for value in found] == sorted(path.name for path in photos.iterdir())
    assert all(set(value) == {"name", "margin"} for value in found)
    out = tmp_path / "answers.jsonl"
    invoke(photos, "--json", "--out", out)
    plain = invoke(photos, "--json")
    assert out.read_text("utf-8") == plain.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--out", "x.csv"], "it goes with --csv or --json"),
        (["--columns", "path"], "it goes with --csv or --json"),
        (["--bom", "--json"], "it goes with --csv"),
        (["--semicolons"], "it goes with --csv"),
        (["--csv", "--columns", "path,labl"], "Did you mean “label”?"),
        (["--csv", "--columns", ","], "no column is named"),
        (["--csv", "--out", "."], "is a folder, not a file"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_a_sentence(photos: Path, words: list[str], text: str) -> None:
    done = invoke(photos, *words)
    assert done.exit_code == 2
    assert text in " ".join(done.stderr.split())


@posix
def test_a_table_that_cannot_be_written(photos: Path) -> None:
    done = invoke(photos, "--csv", "--out", "/proc/table.csv")
    assert done.exit_code == 1
    assert "/proc/table.csv could not be written" in done.stderr


def test_resume_takes_what_was_answered_and_asks_about_the_others(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "table.csv"
    invoke(photos, "--csv", "--out", out)
    first = out.read_bytes()
    (photos / "new.jpg").write_bytes(encoded(gradient(99, 33), "JPEG"))
    done = invoke(photos, "--csv", "--out", out, "--resume")
    assert "13 photos; 12 had been answered before." in done.stderr
    second = out.read_bytes()
    assert second.startswith(first)
    assert len(rows(out)) == 13
    done = invoke(photos, "--csv", "--out", out)  # without it all are asked about
    assert "before" not in done.stderr
    assert out.read_bytes() == second


def test_a_store_that_is_damaged_is_said_and_the_rest_goes_on(photos: Path) -> None:
    invoke(photos, "--csv")
    AnswerStore().path.write_bytes(b"no database")
    done = invoke(photos, "--csv", "--resume")
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 13
    assert "damaged and put aside" in done.stderr
    again = invoke(photos, "--csv", "--resume")
    assert again.stdout == done.stdout
    assert "damaged" not in again.stderr


def begun(photos: Path, *words: str | Path) -> subprocess.Popen[bytes]:
    """A process that has answered some photos."""
    command = [*PROGRAM, "classify", photos, "--csv", "--model", "insects", *words]
    return subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE)


def wait_for_answers(process: subprocess.Popen[bytes], least: int) -> None:
    store = AnswerStore()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if store.path.exists():
            count = store._opened().execute("SELECT count(*) FROM answer").fetchone()[0]
            if count >= least:
                break
        time.sleep(0.02)
    store.close()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """So many that a process can be interrupted among them."""
    folder = tmp_path / "many"
    folder.mkdir()
    data = encoded(gradient(700, 500), "JPEG")
    for number in range(150):
        (folder / f"{number:03}.jpg").write_bytes(data + number.to_bytes(4, "big"))
    return folder


@posix
def test_a_killed_call_goes_on_where_it_stopped(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    process = begun(many, "--out", out, "--resume")
    wait_for_answers(process, 5)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    with_kept = invoke(many, "--csv", "--out", out, "--resume")
    assert with_kept.exit_code == 0
    assert "had been answered before" in with_kept.stderr
    assert [Path(row["path"]).name for row in rows(out)] == sorted(p.name for p in many.iterdir())
    assert all(row["label"] and not row["error"] for row in rows(out))


@posix
@pytest.mark.slow  # every day as the end of a call: test_classify
def test_ctrl_c_leaves_a_whole_table_and_says_how_to_go_on(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    process = begun(many, "--out", out)
    wait_for_answers(process, 5)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert b"The same command with --resume goes on from there." in text
    some = rows(out)
    assert 0 < len(some) < 150
    assert all(row["label"] for row in some)


@pytest.mark.parametrize("was_there", [False, True])
def test_a_table_that_is_there_is_not_replaced_by_a_shorter_one(
    tmp_path: Path, was_there: bool
) -> None:
    out = tmp_path / "tables" / "table.csv"
    out.parent.mkdir()
    if was_there:
        out.write_text("all of them")
    columns = chosen_columns(["label"])
    with table_in_file(out, TableKind.CSV, columns, lambda: True, bom=False, raw=False) as table:
        table.add(answered())
    assert out.read_text() == ("all of them" if was_there else "label\ncat\n")
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.slow  # every day with one store: tests/core/library/test_store.py
def test_two_calls_at_once_on_the_same_photos(photos: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "one.csv", tmp_path / "two.csv"]
    processes = [begun(photos, "--out", out, "--resume") for out in outs]
    for process in processes:
        _, text = process.communicate(timeout=100)
        assert process.returncode == 0, text
        assert b"Traceback" not in text
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert len(rows(outs[0])) == 12


def test_the_pace_counts_the_photos_that_were_asked_about() -> None:
    now = [0.0]
    pace = Pace(1000, shown=False, clock=lambda: now[0])
    ready = ModelReady("insects", "Insects", "A processor", "cpu", 1.0)

    def events():  # type: ignore[no-untyped-def]
        for _ in range(400):
            yield answered(kept=True)
        now[0] = 5.0
        yield ready
        for _ in range(100):
            now[0] += 0.1
            yield answered()

    for _ in pace.counting(events()):
        if pace.done <= 401:
            assert pace.per_second() is None
    assert pace.per_second() == pytest.approx(10)
    assert pace.text() == "500 of 1,000 · 10 photos/s · about 50 s left"
    assert (pace.done, pace.kept) == (500, 400)


def test_a_table_of_yesterday_is_not_replaced_by_one_of_nothing(tmp_path: Path) -> None:
    """A drive was not connected one night: the table had one row, that the folder is not there."""
    photos, out = make(tmp_path / "photos", ["a.jpg"]), tmp_path / "table.csv"
    words = (photos, "--csv", "--out", out)
    assert invoke(*words).exit_code == 0
    before = out.read_bytes()
    photos.rename(tmp_path / "away")
    done = invoke(*words)
    assert done.exit_code == 1
    assert out.read_bytes() == before
    assert done.stderr.splitlines()[-2:] == [f"{out} stays as it was.", "No photo was answered."]
    out.unlink()
    assert invoke(*words).exit_code == 1
    assert "is not there" in out.read_text(encoding="utf-8")
