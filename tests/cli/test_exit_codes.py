"""One rule for all commands: 2 says that the command line itself is wrong, 1 that something is not
there or failed; and what ends a command begins with “Error:”."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_gui.core import errors
from resnet_gui.core.errors import ResNetGuiError
from tests.helpers.commands import Main
from tests.helpers.training import make_photos, make_tiny_model

try:
    import pwd
except ImportError:  # Windows
    pwd = None  # type: ignore[assignment]

GONE = "drive/photos"  # a drive that is not connected tonight
READING = (
    ("classify", GONE, "--model", "tiny"),
    ("classify", GONE, "--model", "tiny", "--csv"),
    ("sort", GONE, "--into", "sorted", "--model", "tiny"),
    ("explain", f"{GONE}/a.jpg", "--model", "tiny"),
    ("features", GONE, "--out", "rows.npz", "--model", "tiny"),
    ("train", GONE, "--model", "tiny"),
    ("train", "cifar10", "--archive", f"{GONE}.tar.gz", "--model", "tiny"),
    ("resume", GONE),
    ("runs", "--run-dir", GONE),
    ("evaluate", "tiny", GONE),
    ("compare", "tiny", "other", GONE),
    ("suspects", GONE, "--model", "tiny"),
    ("import", f"{GONE}/leaves.pth"),
    ("import", f"{GONE}/kit"),
)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tiny_model()
    make_tiny_model(name="other")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_is_not_there_is_exit_code_1(words: tuple[str, ...], resnet_gui: Main) -> None:
    """Some commands said 2, “wrong use”: no script could tell a drive that was gone from a slip in
    an option."""
    code, out, err = resnet_gui(*words)
    assert code == 1, err
    assert any(words in out + err for words in ("not there", "no run in", "its drive connected?"))
    assert not Path("sorted").exists()


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_slip_in_an_option_is_exit_code_2(words: tuple[str, ...], resnet_gui: Main) -> None:
    code, _, err = resnet_gui(*words, "--modle", "tiny")
    assert code == 2
    assert "--modle" in err


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "tiyn", GONE),
        ("classify", GONE, "--model", "tiyn"),
        ("resume", "monday"),
        ("undo", "monday"),
        ("ensemble", "tiny"),
        ("download", "resnet18", "--proxy", "nowhere:port:port"),
    ],
    ids=" ".join,
)
def test_a_name_that_there_is_none_of_is_exit_code_2(
    words: tuple[str, ...], resnet_gui: Main
) -> None:
    code, _, err = resnet_gui(*words)
    assert code == 2
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_which_errors_are_wrong_use() -> None:
    """Whoever adds one decides: all else is 1."""
    kinds = {name for name in errors.__all__ if issubclass(getattr(errors, name), ResNetGuiError)}
    assert {name for name in kinds if getattr(errors, name).mistaken} == {
        "DepthError",
        "RunConfigError",
        "UnknownBatchError",
        "UnknownModelError",
        "UnknownRunError",
    }


def test_a_name_is_said_once(resnet_gui: Main, tmp_path: Path) -> None:
    """“nix.pth: nix.pth is not there.”"""
    _, _, err = resnet_gui("import", "drive/nix.pth", "other.pth")
    assert err.splitlines() == [
        f"{name} is not there. It may have been moved or renamed."
        for name in ("drive/nix.pth", "other.pth")
    ]
    (tmp_path / "a.jpg").write_text("no photo")
    _, _, err = resnet_gui("sort", "a.jpg", "--into", "sorted", "--model", "tiny")
    assert err.splitlines()[0].startswith("a.jpg is not a photo")


@pytest.mark.parametrize(
    "words",
    [
        ("train", "~nobody-here", "--model", "tiny"),
        ("evaluate", "tiny", "~nobody-here"),
        ("resume", "~nobody-here"),
        ("train", "cifar10", "--archive", "~nobody-here", "--model", "tiny"),
    ],
    ids=" ".join,
)
def test_a_folder_may_be_called_like_a_home_of_nobody(
    words: tuple[str, ...], resnet_gui: Main
) -> None:
    """It was a traceback."""
    code, _, err = resnet_gui(*words)
    assert code in (1, 2)
    assert "~nobody-here" in err
    assert err.count("\n") == 1
    if words[0] == "evaluate":
        make_photos(Path("~nobody-here"), ("a", "b"), count=2)
        assert resnet_gui(*words)[0] == 0


@pytest.mark.skipif(os.name != "posix", reason="homes of POSIX")
@pytest.mark.parametrize(
    ("home", "said"),
    [
        (None, "this user has no home folder to keep settings and models in. Set the variable"),
        ("~/x", "this user has no home folder to keep settings and models in. Set the variable"),
        ("~nobody-here/x", "the variable RESNET_GUI_HOME names “~nobody-here/x”, and there is no"),
    ],
)
def test_without_a_home_it_says_what_to_do(
    home: str | None, said: str, resnet_gui: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of cron, or in a container, of a user without an account: it was a traceback."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("RESNET_GUI_HOME")
    if home is not None:
        monkeypatch.setenv("RESNET_GUI_HOME", home)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: {}["none"])
    code, out, err = resnet_gui("models")
    assert (code, out) == (2, "")
    assert err.startswith(f"resnet-gui: {said}")
    assert err.count("\n") == 1
    assert resnet_gui("--version")[0] == 0  # that needs no folder


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "tiny", "photos"),
        ("suspects", "photos", "--model", "tiny"),
        ("features", "photos", "--out", "rows.npz", "--model", "tiny"),
        ("train", "photos", "--model", "tiny", "--method", "head", "--epochs", "1"),
        ("classify", "photos", "--model", "tiny"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_read_is_named_with_its_folder(
    words: tuple[str, ...], resnet_gui: Main
) -> None:
    """Of a thousand photos called 001.jpg nobody found the one; suspects did not even say that
    there was one, and of a pipe that it is empty."""
    photos = make_photos(Path("photos"), ("a", "b"), count=4)
    (photos / "b" / "001.jpg").write_bytes(b"")
    os.mkfifo(photos / "a" / "pipe.jpg")
    code, out, err = resnet_gui(*words)
    assert code == 1
    said = out + err
    assert re.search(r"\bb/001\.jpg\s+(001\.jpg )?is empty", said)
    assert re.search(r"\ba/pipe\.jpg\s+(pipe\.jpg )?is not a file but a pipe", said)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder in use cannot be removed")
def test_a_folder_that_was_removed_under_a_job_is_said(tmp_path: Path) -> None:
    """It was a traceback, or “oneMKL FATAL ERROR” and the code of wrong use. In a process of its
    own: where Qt's import is in, Python 3.13 cannot import anything in such a folder."""
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir ../gone; exec "$0" -m resnet_gui classify .', sys.executable],
        cwd=tmp_path / "gone",
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=100,
    )
    code, out, err = done.returncode, done.stdout, done.stderr
    assert (code, out) == (1, "")
    assert err.startswith("resnet-gui: the folder that this runs in is not there any more.")
