"""What commands write: a missing folder is made and named, by the same rule everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import typer

from resnet_gui.cli import main as cli
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from tests.helpers.commands import invoke
from tests.helpers.download_server import serve
from tests.helpers.models import published_weights
from tests.helpers.training import make_photos, make_tiny_model

# Every option that names what is written: the command with it, and what it writes there.
WRITING = {
    ("classify", "--out"): (("PHOTO", "--model", "MODEL", "--csv"), "answers.csv"),
    ("sort", "--into"): (("DATA", "--model", "MODEL", "--min-confidence", "0"), "sorted"),
    ("explain", "--out"): (("PHOTO", "--model", "MODEL"), "why.png"),
    ("features", "--out"): (("PHOTO", "--model", "MODEL"), "rows.npz"),
    ("train", "--run-dir"): (
        ("DATA", "--model", "MODEL", "--method", "head", "--epochs", "1"),
        "runs",
    ),
    ("evaluate", "--report"): (("MODEL", "DATA"), "report"),
    ("compare", "--report"): (("MODEL", "MODEL", "DATA"), "page.html"),
    ("download", "--to"): (("KIT-MODEL",), "kit"),
}
# Options whose file or folder is read.
READING = {
    *((command, "--archive") for command in ("train", "evaluate", "compare", "suspects")),
    ("resume", "--data"),
    ("runs", "--run-dir"),
    ("download", "--ca-bundle"),
}
SLOW = [pytest.mark.slow]
ALL = pytest.mark.parametrize(
    ("command", "option"), WRITING, ids=[" ".join(words) for words in WRITING]
)
ALL_BUT_SLOW = pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(*words, id=" ".join(words), marks=SLOW if words[0] == "train" else [])
        for words in WRITING
    ],
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Photos of two classes of the model “tiny”, and another model, “net”, on a server."""
    make_tiny_model()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    with serve(published_weights()) as site:

        class Provider:
            def entries(self) -> Iterable[ModelEntry]:
                yield ModelEntry(site.spec(), ModelState.DOWNLOADABLE)

        zoo = Zoo((FileProvider(paths.user_models_dir(), ModelState.YOURS), Provider()))
        monkeypatch.setattr(Zoo, "standard", lambda: zoo)
        yield make_photos(tmp_path / "letters", ("a", "b"), count=6)


def words(command: str, option: str, data: Path, to: str, model: str = "tiny") -> list[str]:
    given, name = WRITING[command, option]
    names = {
        "PHOTO": str(data / "a" / "000.jpg"),
        "DATA": str(data),
        "MODEL": model,
        "KIT-MODEL": "net" if model == "tiny" else model,
    }
    arguments = [names.get(word, word) for word in given]
    return [command, *arguments, option, str(Path(to, name))]


def test_these_are_all() -> None:
    """A new option with a path has to be in one of the two."""
    app = typer.main.get_command(cli.app)
    found = {
        (name, option)
        for name in app.list_commands(None)  # type: ignore[attr-defined]
        for parameter in app.get_command(None, name).params  # type: ignore[attr-defined]
        for option in parameter.opts
        if option.startswith("--") and str(parameter.metavar).startswith(("FILE", "FOLDER"))
    }
    assert found == WRITING.keys() | READING


@ALL_BUT_SLOW
def test_a_missing_folder_is_made_and_named(command: str, option: str, data: Path) -> None:
    done = invoke(*words(command, option, data, "deep/missing"))
    assert done.exit_code == 0, done.output
    written = Path("deep/missing", WRITING[command, option][1])
    assert written.exists()
    made = f"There was no folder “{Path('deep').absolute()}”: it was made."
    assert done.stderr.splitlines().count(made) == 1
    again = invoke(*words(command, option, data, "deep/missing"))
    assert again.exit_code == 0, again.output
    assert "it was made" not in again.stderr


@ALL
def test_where_nothing_comes_of_it_no_folder_stays(command: str, option: str, data: Path) -> None:
    done = invoke(*words(command, option, data, "missing", model="no such model"))
    assert done.exit_code != 0
    assert not Path("missing").exists()


@ALL
def test_a_file_in_the_way_is_wrong_use(command: str, option: str, data: Path) -> None:
    Path("file").write_text("")
    done = invoke(*words(command, option, data, "file/missing"))
    assert done.exit_code == 2, done.output
    text = " ".join(done.stderr.replace("│", " ").split())
    assert "is a file, so there can be no folder of that name" in text


def test_a_folder_that_was_made_for_nothing_goes_again(data: Path) -> None:
    Path("broken.jpg").write_bytes(b"no photo")
    done = invoke("features", "broken.jpg", "--model", "tiny", "--out", "missing/rows.npz")
    assert done.exit_code == 1
    assert "so no file was written" in done.stderr
    assert not Path("missing").exists()
