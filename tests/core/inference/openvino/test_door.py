"""The one door to OpenVINO and NNCF: nothing else imports them, and nothing reaches the net."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import openvino_version
from tests.core.inference.openvino.conftest import (
    small_insects,
)
from tests.helpers.pictures import encoded, gradient

ROOT = Path(paths.PACKAGE_DIR).parent
pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def names_openvino(source: str) -> bool:
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            names = [
                str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)
            ] if "import" in ast.unparse(node.func) else []  # fmt: skip
        if any(name.partition(".")[0].startswith(("openvino", "nncf")) for name in names):
            return True
    return False


def test_only_the_door_imports_openvino_and_nncf() -> None:
    assert names_openvino("import openvino as ov")
    assert names_openvino("from openvino.preprocess import PrePostProcessor")
    assert names_openvino('importlib.import_module("openvino")')
    assert names_openvino("import nncf")
    assert not names_openvino("from resnet_gui.core.system.openvino_import import import_openvino")
    files = [
        path
        for folder in ("resnet_gui", "tests", "benchmarks", "tools")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 300
    sources = {path: path.read_text(encoding="utf-8") for path in files}
    named = {p: t for p, t in sources.items() if "openvino" in t or "nncf" in t}
    found = [path for path, text in named.items() if names_openvino(text)]
    assert found == []  # the door itself asks for it by a constant


_LISTENING = """
import sys
heard = []
def listen(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "os.fork") or (
        event.startswith("socket.get")
        # Python asks it where libraries are.
        or (event == "subprocess.Popen" and not str(arguments[0]).endswith("ldconfig"))
    ):
        heard.append((event, str(arguments)))
sys.addaudithook(listen)
import socket
socket.gethostbyname("localhost")
assert heard.pop()[0] == "socket.gethostbyname"  # it does listen
from collections.abc import Callable
from pathlib import Path
import torch
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.open_backend import open_backend
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import Settings, save_settings
from resnet_gui.core.zoo import Zoo
entry = Zoo.standard().ready("insects")
assert list(convert(entry))[-1] == "done"
import numpy as np
backend = open_backend(entry, cpu(), exact=False)
assert backend.name == "openvino"
backend.infer(np.zeros((1, 32, 32, 3), np.uint8))
from resnet_gui.core.inference import quantize
from resnet_gui.core.inference.converted import find_conversion
from resnet_gui.core.inference.eight_bits import eight_bits_of
from resnet_gui.core.system.versions import version_of
if version_of("nncf"):
    quantize._ROUND_S = 0.01
    quantize.make_eight_bits(entry, 64 * [Path(sys.argv[1])])
    assert eight_bits_of(find_conversion(entry)) is not None
    assert "nncf" in sys.modules
import time; time.sleep(0.3)  # what goes on in threads
assert sys.modules["openvino_telemetry"] is None
assert heard == [], heard
"""


def test_no_connection_while_it_imports_converts_quantises_compiles_and_answers(
    own_home: Path, tmp_path: Path
) -> None:
    small_insects()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(gradient(60, 50), "JPEG"))
    done = subprocess.run(
        [sys.executable, "-c", _LISTENING, photo],
        capture_output=True, text=True, timeout=100, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""  # libraries have much to say
