"""The commands `download` and `import`, against a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.errors import UnknownModelError
from resnet_gui.core.http.settings import HttpSettings, save_http_settings
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.storage import imports as import_weights
from tests.helpers.download_server import Answer, Site, serve
from tests.helpers.models import PUBLISHED, published_weights

ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import sys
from resnet_gui.cli.main import app
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing
spec = ModelSpec("net", "Net", "", "resnet18", "torchvision", "", ("a",), Preprocessing(256, 224),
                 1, url=sys.argv[1], sha256_prefix=sys.argv[1].rsplit("-", 1)[1][:8])
class Provider:
    def entries(self):
        yield ModelEntry(spec, ModelState.DOWNLOADABLE)
Zoo.standard = classmethod(lambda cls: Zoo((Provider(),)))
app(sys.argv[2:])
"""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server, and a zoo that has one model there and one that is nowhere."""
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    with serve(published_weights()) as running:

        class Provider:
            def entries(self) -> Iterable[ModelEntry]:
                yield ModelEntry(running.spec(), ModelState.DOWNLOADABLE)
                url = f"{running.address}/gone-00000000.pth"
                gone = running.spec(id="gone", title="Gone", url=url, sha256_prefix="00000000")
                yield ModelEntry(gone, ModelState.DOWNLOADABLE)

        monkeypatch.setattr(Zoo, "standard", lambda: Zoo((Provider(),)))
        monkeypatch.setattr(import_weights, "published_specs", lambda: (running.spec(**PUBLISHED),))
        yield running


def run(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the JSON lines of stdout, stderr without line breaks of the terminal."""
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_download(site: Site, own_home: Path) -> None:
    code, lines, _ = run("download", "net", "--json")
    path = own_home / "cache" / "torch" / "hub" / "checkpoints" / site.file_name
    assert code == 0
    assert lines == [{"model": "net", "path": str(path), "bytes": len(site.content), "error": None}]
    assert path.read_bytes() == site.content
    code, lines, stderr = run("download", "net")
    assert (code, lines) == (0, [])
    assert site.file_name in stderr
    assert len(site.requests) == 1


def test_one_that_fails_does_not_stop_the_others(site: Site) -> None:
    site.answers = [Answer(status=404)]
    code, lines, stderr = run("download", "gone", "net", "--json")
    assert code == 1
    assert [line["model"] for line in lines] == ["gone", "net"]
    assert lines[0]["error"]["type"] == "NotFoundError"
    assert lines[1]["error"] is None
    assert "answer 404" in stderr


def test_wrong_use(site: Site) -> None:
    with pytest.raises(UnknownModelError):  # the program's `run` makes it exit code 2
        run("download", "nett")
    assert run("download")[0] == 2
    assert site.requests == []


def test_options_and_stored_settings_are_used(site: Site, tmp_path: Path) -> None:
    save_http_settings(HttpSettings(weights_folder=tmp_path / "w", offline=True))
    code, lines, _ = run("download", "net", "--json")
    assert (code, lines[0]["error"]["type"]) == (1, "OfflineModeError")
    save_http_settings(HttpSettings(weights_folder=tmp_path / "w"))
    code, lines, _ = run("download", "net", "--json", "--mirror", f"{site.address}/mirror")
    assert (code, lines[0]["path"]) == (0, str(tmp_path / "w" / site.file_name))
    assert site.requests[0][0] == f"/mirror/{site.file_name}"


def test_a_bundle_is_made_and_taken_in(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    code, lines, stderr = run("download", "net", "--to", str(folder), "--json")
    assert code == 0
    assert lines[0]["path"] == str(folder / site.file_name)
    assert "resnet-gui import" in stderr
    code, lines, _ = run("import", str(folder), "--json")
    assert code == 0
    assert (lines[0]["model"], lines[0]["how"], lines[0]["error"]) == ("net", "hash", None)
    assert Path(lines[0]["path"]).read_bytes() == site.content
    code, lines, stderr = run("import", str(folder))
    assert "it was here already" in stderr


def test_import_names_what_it_cannot_take(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a [1].txt").write_text("x")
    good = tmp_path / "good.pth"
    good.write_bytes(site.content)
    code, lines, stderr = run("import", str(tmp_path / "a [1].txt"), str(good), "--json")
    assert code == 1
    assert lines[0]["error"]["type"] == "ModelFileError"
    assert lines[1]["model"] == "net"
    assert "a [1].txt does not hold a network's weights" in stderr


def test_interrupted_and_gone_on_with(site: Site, own_home: Path, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("a console's Ctrl-C cannot be sent to one process on Windows")
    site.answers = [Answer(bytes_per_second=1e6)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CHILD, site.url, "download", "net", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    part = own_home / "cache" / "torch" / "hub" / "checkpoints" / f"{site.file_name}.part"
    end = time.monotonic() + 20
    while time.monotonic() < end and not (part.exists() and part.stat().st_size > 100_000):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert "kept" in stderr
    assert "Traceback" not in stderr
    kept = part.stat().st_size
    code, lines, _ = run("download", "net", "--json")
    assert (code, lines[0]["bytes"]) == (0, len(site.content))
    assert site.ranges() == [None, f"bytes={kept}-"]


def test_classes_are_named_at_the_import_and_later(tmp_path: Path) -> None:
    import torch

    from resnet_gui.core.nets.build import build_network

    torch.save(build_network("resnet18", 2).state_dict(), tmp_path / "castings.pth")
    (tmp_path / "two.txt").write_text("OK\ndefect\n", "utf-8")
    (tmp_path / "three.txt").write_text("a\nb\nc\n", "utf-8")
    runner, weights = CliRunner(), str(tmp_path / "castings.pth")

    def run(*words: str) -> tuple[int, str]:
        result = runner.invoke(app, ["import", *words])
        return result.exit_code, " ".join(result.output.split())

    code, said = run(weights)
    assert code == 0
    assert "resnet-gui import castings --classes NAMES.txt" in said
    code, said = run("castings", "--classes", str(tmp_path / "three.txt"))
    assert code == 1
    assert "3 names for 2 classes." in said
    code, said = run("castings", "--classes", str(tmp_path / "two.txt"))
    assert code == 0
    assert "“OK”, “defect” now (before: “class 0”, “class 1”)" in said
    assert Zoo.standard().get("castings").spec.classes == ("OK", "defect")
    code, said = run("resnet18", "--classes", str(tmp_path / "two.txt"))
    assert code == 1
    assert "cannot be named" in said
    # Names that do not fit undo no import.
    code, said = run(weights, "--classes", str(tmp_path / "three.txt"))
    assert code == 1
    assert "castings.pth: “castings”" in said
    assert "castings: 3 names for 2 classes." in said
    assert "Then: resnet-gui import castings --classes NAMES.txt" in said
    result = runner.invoke(
        app, ["import", weights, "--classes", str(tmp_path / "three.txt"), "--json"]
    )
    line = json.loads(result.stdout)
    assert (result.exit_code, line["model"]) == (1, "castings")
    assert "3 names for 2 classes." in line["error"]["message"]
    assert "classes" not in line
    result = runner.invoke(
        app, ["import", weights, "--classes", str(tmp_path / "two.txt"), "--json"]
    )
    assert json.loads(result.stdout)["classes"] == ["OK", "defect"]
