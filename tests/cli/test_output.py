"""What is true of every command's output: nothing in it steers a terminal, and where it cannot be
written the program ends quietly. Real processes where the system takes part."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resnet_gui import __main__
from resnet_gui.cli import main as cli
from resnet_gui.core.system import paths
from resnet_gui.core.system.visible_text import visible
from resnet_gui.core.training.api import train
from tests.helpers.models import description, file_by_hand, small_model
from tests.helpers.pictures import encoded, gradient
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

PROGRAM = [sys.executable, "-m", "resnet_gui"]
# A title that clears the screen, turns letters around, and has rich's markup in it.
EVIL = "[red]evil[/x] [link=file:///etc]\x1b[2J\x1b]0;owned\x07\u202egpj\x9b31m :smile:"
posix = pytest.mark.skipif(os.name != "posix", reason="descriptors and names as on POSIX")


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own."""
    command = [*PROGRAM, *map(str, arguments)]
    values = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 240} | options
    return subprocess.run(command, check=False, **values)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "ant" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(encoded(gradient(64, 48), "JPEG"))
    return path


@pytest.fixture
def insects(own_home: Path) -> str:
    small_model(paths.user_models_dir() / "insects.safetensors", title=EVIL)
    return "insects"


def test_only_the_command_that_was_asked_for_is_imported() -> None:
    code = (
        "import sys; from resnet_gui.cli.main import app; app(['runs'], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith('resnet_gui.cli.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout == "['resnet_gui.cli.commands.runs']\n", done.stderr


# --- where nothing can be written -------------------------------------------------------------


def given(words: list[str], photo: Path, tmp_path: Path) -> list[str]:
    make_tiny_model()
    data = make_photos(tmp_path / "data", count=4)
    names = {
        "PHOTO": photo,
        "PHOTOS": photo.parent.parent,
        "DATA": data,
        "OUT": tmp_path / "out.npz",
        "BROKEN": data / "red" / "000.jpg",
    }
    return [str(names.get(word, word)) for word in words]


SLOW = [
    ["info"],
    ["--help"],
    ["models", "--json"],
    ["classify", "PHOTO", "--model", "insects"],
    ["classify", "PHOTO", "--model", "insects", "--json"],
    ["evaluate", "insects", "PHOTOS", "--json"],
    ["features", "PHOTO", "--model", "insects", "--out", "OUT", "--json"],
    ["import", "BROKEN", "--json"],
    ["train", "DATA", "--model", "tiny", "--method", "head", "--epochs", "1", "--json"],
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["models"],
        ["classify", "PHOTO", "--model", "insects", "--csv"],
        *(pytest.param(words, marks=pytest.mark.slow) for words in SLOW),
    ],
    ids=" ".join,
)
def test_a_full_disk_is_a_sentence_and_exit_code_1(
    words: list[str], photo: Path, insects: str, tmp_path: Path
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*given(words, photo, tmp_path), stdout=full)
    text = done.stderr.decode()
    assert done.returncode == 1, text
    assert "Traceback" not in text
    assert "Exception ignored" not in text
    assert "The output could not be written (No space left on device)." in text


@posix
@pytest.mark.parametrize(
    "words",
    [
        ["models"],
        *(pytest.param(words, marks=pytest.mark.slow) for words in SLOW),
    ],
    ids=" ".join,
)
def test_a_reader_that_hung_up_is_no_traceback(
    words: list[str], photo: Path, insects: str, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(*given(words, photo, tmp_path), stdout=writing)
    finally:
        os.close(writing)
    text = done.stderr.decode()
    assert done.returncode in (0, 1), text
    assert "Traceback" not in text
    assert "Exception ignored" not in text
    assert "could not be written" not in text  # hanging up is no error


@posix
@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_traceback(closing: str, insects: str) -> None:
    words = [*PROGRAM, "models", insects, "--json"]
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", *words]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert done.returncode == (0 if closing == "2>&-" else 1), done.stderr
    assert b"Traceback" not in done.stderr
    if closing == "2>&-":
        assert json.loads(done.stdout)["id"] == insects


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_the_work_goes_on_where_messages_cannot_be_written(insects: str) -> None:
    (paths.user_models_dir() / "broken.safetensors").write_bytes(b"x" * 99)
    with Path("/dev/full").open("wb") as full:
        done = run("models", stderr=full)  # that one is damaged is said on stderr
        refused = run("classify", "", stderr=full)
        unknown = run("--versoin", stderr=full)
    assert done.returncode == 0
    assert b"insects" in done.stdout
    assert (refused.returncode, unknown.returncode) == (2, 2)


def interrupted(number: int, words: list[object], begun: bytes) -> tuple[int, bytes, bytes]:
    """Send a signal once a line with `begun` has come; exit code, the rest of stdout, stderr."""
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert any(begun in line for line in process.stdout)
    process.send_signal(number)
    out, text = process.communicate(timeout=60)
    return process.returncode, out, text


@posix
@pytest.mark.slow  # SIGINT every day, in one process: test_ctrl_c_stops_cleanly_…
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_training_is_stopped_by_signals(number: signal.Signals, tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "data")
    words = ["train", data, "--model", "tiny", "--method", "full", "--epochs", "500", "--json"]
    code, out, text = interrupted(number, words, b"epoch_done")
    assert code == 130
    assert json.loads(out.splitlines()[-1])["event"] == "run_stopped"
    assert b"Traceback" not in text


@posix
@pytest.mark.slow
def test_a_training_whose_reader_hangs_up_can_go_on(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "data")
    words = ["train", data, "--model", "tiny", "--method", "full", "--epochs", "500", "--json"]
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert any(b"epoch_done" in line for line in process.stdout)
    process.stdout.close()
    text = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 1
    assert "Traceback" not in text
    assert re.search(r"“resnet-gui resume \S+” goes on", text)
    (run_file,) = (paths.data_dir() / "runs").glob("*/run.json")
    assert json.loads(run_file.read_text(encoding="utf-8"))["state"] == "stopped"


# --- what people see --------------------------------------------------------------------------


def invoke_bytes(*arguments: object) -> tuple[int, bytes, str]:
    """In this process: exit code, stdout, stderr."""
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout_bytes, result.stderr


def invoke(*arguments: object) -> tuple[int, str, str]:
    code, out, text = invoke_bytes(*arguments)
    return code, out.decode(), text


def assert_harmless(text: str) -> None:
    """No control or bidi character but the ends of lines."""
    for line in text.split("\n"):
        assert visible(line) == line


@posix
def test_names_neither_steer_the_terminal_nor_are_read_as_markup(
    tmp_path: Path, insects: str
) -> None:
    folder = tmp_path / "[red]\x1b[2J\u202e"
    folder.mkdir()
    (folder / "good [link=x]\x9b.jpg").write_bytes(encoded(gradient(9, 9), "JPEG"))
    (folder / "bad [x]\r.jpg").write_bytes(b"no photo")
    (tmp_path / "empty \x07").mkdir()
    code, out, text = invoke("classify", folder, tmp_path / "empty \x07", "--model", insects)
    assert code == 1
    assert_harmless(out)
    assert_harmless(text)
    assert "[red]\\x1b[2J\\u202e/good [link=x]\\x9b.jpg" in out
    assert "bad [x]\\r.jpg is not a photo" in out
    assert "[red]evil[/x] [link=file:///etc]\\x1b[2J" in text  # the model's title
    assert "empty \\x07: no photos" in text
    out_file = tmp_path / "f.npz"
    code, out, text = invoke("features", folder, "--out", out_file, "--model", insects)
    assert code == 1
    assert_harmless(out + text)
    assert "bad [x]\\r.jpg is not a photo" in text
    code, out, text = invoke("models")
    assert_harmless(out + text)
    assert "[red]evil[/x] [link=file:///etc]\\x1b[2J" in out
    code, out, text = invoke("import", folder / "bad [x]\r.jpg")
    assert code == 1
    assert_harmless(out + text)
    assert "[x]\\r.jpg" in text


@posix
def test_runs_and_measures_show_titles_and_classes_harmlessly(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "data \x1b[1m", ("red", "[green]\x1b[2J\u202e"), count=4)
    (data / "red" / "bad\x07.jpg").write_bytes(b"no photo")
    *_, finished = train(tiny_config(data, method="head", epochs=1), zoo=user_zoo())
    code, out, text = invoke("runs")
    assert code == 0
    assert_harmless(out + text)
    code, out, text = invoke("evaluate", finished.model_id, data)  # type: ignore[union-attr]
    assert_harmless(out + text)
    assert "[green]\\x1b[2J\\u202e" in out
    code, out, text = invoke("train", data, "--model", "tiny", "--epochs", "1")
    assert code == 1  # one photo could not be read
    assert_harmless(out + text)
    assert "bad\\x07.jpg" in text


def main(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["resnet-gui", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        __main__.main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    "words",
    [
        ["classify", "--\x1b[2J\u202e"],
        ["classify", "x", "--device", "\x1b[2J\u202e"],
        ["classify", "x", "--model", "[red]\x1b[2J\u202e[/x]"],
        ["--\x1b[2J\u202e"],
        ["evaluate", "\x1b[2J\u202e", "x"],
        ["resume", "\x1b[2J\u202e"],
        ["download", "\x1b[2J\u202e"],
        ["train", "x", "--set", "\x1b[2J\u202e"],
        ["train", "x\x1b[2J\u202e", "--model", "cifar-resnet20"],  # a folder: it is not there
    ],
    ids=repr,
)
def test_what_was_typed_is_shown_harmlessly(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, *words) == (1 if words[-1] == "cifar-resnet20" else 2)
    text = capsys.readouterr().err
    assert_harmless(text)
    assert "\\x1b[2J" in text


# --- what programs get ------------------------------------------------------------------------


@posix
def test_json_is_exact_and_one_line_of_utf8_without_control_characters(
    tmp_path: Path, insects: str
) -> None:
    name = os.fsdecode(b"caf\xe9 \xe2\x80\xae \xc2\x9b \xe2\x80\xa8 \x1b \xf0\x9f\x90\xb1.jpg")
    path = tmp_path / name
    path.write_bytes(encoded(gradient(9, 9), "JPEG"))
    code, out, _ = invoke_bytes("classify", path, "--model", insects, "--json")
    assert code == 0
    text = out.decode("utf-8")
    assert len(text.splitlines()) == 1
    assert_harmless(text)
    assert json.loads(text)["path"] == str(path)
    assert "\\udce9" in text
    (line,) = invoke("models", insects, "--json")[1].splitlines()
    assert json.loads(line)["title"] == EVIL
    assert_harmless(line)


@posix
def test_csv_is_utf8_quotes_cr_and_runs_no_formula(
    tmp_path: Path, insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["=1+1.jpg", "+1.jpg", "-1.jpg", "@a.jpg", "\ta.jpg", "\ra.jpg", "a\rb\nc;d.jpg"]
    names.append(os.fsdecode(b"caf\xe9.jpg"))
    for name in names:
        (folder / name).write_bytes(encoded(gradient(9, 9), "JPEG"))
    # Relative names, as a shell's pattern gives them.
    words = ["classify", *(name for name in names if not name.startswith("-")), "--csv"]
    words += ["--model", insects, "--", "-1.jpg"]
    monkeypatch.chdir(folder)
    code, out, _ = invoke_bytes(*words)
    assert code == 0
    text = out.decode("utf-8")
    _, *rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(names)
    found = {row[0] for row in rows}
    assert found == {
        "'=1+1.jpg", "'+1.jpg", "'-1.jpg", "'@a.jpg", "'\ta.jpg", "'\ra.jpg", "a\rb\nc;d.jpg",
        "caf\\udce9.jpg",
    }  # fmt: skip
    assert '"a\rb\nc;d.jpg"' in text
    assert all(0 <= float(row[3]) <= 1 and not row[3].startswith("'") for row in rows)
    _, out, _ = invoke_bytes(*words[:-2], "--raw-cells", *words[-2:])
    cells = {row[0] for row in csv.reader(io.StringIO(out.decode(), newline=""))}
    assert {"=1+1.jpg", "-1.jpg", "\ra.jpg"} <= cells


# --- paths that name nothing ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["classify", ""],
        ["classify", "a.jpg", ""],
        ["features", "", "--out", "x.npz"],
        ["features", "a.jpg", "--out", ""],
        ["train", ""],
        ["train", "x", "--run-dir", ""],
        ["train", "cifar10", "--archive", ""],
        ["evaluate", "efficientnet-lite0", ""],
        ["resume", ""],
        ["runs", "--run-dir", ""],
        ["import", ""],
        ["download", "resnet18", "--to", ""],
        ["download", "resnet18", "--ca-bundle", ""],
        [""],
    ],
    ids=repr,
)
def test_an_empty_path_is_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "names no file or folder" in captured.err


def test_raw_cells_goes_with_csv(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "classify", "x", "--raw-cells") == 2
    assert "it goes with --csv" in capsys.readouterr().err


def test_a_warning_about_a_file_does_not_steer_the_terminal() -> None:
    folder = paths.user_models_dir()
    folder.mkdir(parents=True)
    file_by_hand(folder / "other.safetensors", description(architecture=EVIL))
    done = run("models", "--json")
    assert done.returncode == 0
    assert b"other.safetensors" in done.stderr
    assert not re.search(b"[\x00-\x09\x0b-\x1f\x7f]", done.stderr)
