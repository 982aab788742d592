"""The extra “fast” uninstalled: the program works, through torch alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.system import paths
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

ROOT = Path(paths.PACKAGE_DIR).parent
# What `find_spec` finds of a package that is not installed: nothing. Nor of what came with it.
_PROGRAM = """
import importlib.machinery, importlib.metadata, os, sys
find = importlib.machinery.PathFinder.find_spec
def others(name, *given):
    return None if name.startswith("openvino") else find(name, *given)
importlib.machinery.PathFinder.find_spec = others
version = importlib.metadata.version
def versions(name):
    if name == "openvino":
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = versions
os.environ.pop("RESNET_GUI_EXACT", None)
from resnet_gui.__main__ import main
for arguments in {commands!r}:
    sys.argv = ["resnet-gui", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
assert "openvino" not in sys.modules
"""


@pytest.mark.slow
def test_everything_works_without_the_extra(own_home: Path, tmp_path: Path) -> None:
    """In a process of its own: classify, features, evaluate and a training, one after the other."""
    small_model(paths.user_models_dir() / "insects.safetensors", 0)
    for part in ("train", "val"):
        for name in ("ant", "bee"):
            (tmp_path / "data" / part / name).mkdir(parents=True)
            for number in range(4):
                data = encoded(gradient(60, 50, seed=number), "JPEG")
                (tmp_path / "data" / part / name / f"{number}.jpg").write_bytes(data)
    folder, out = str(tmp_path / "data"), tmp_path / "x.npz"
    photo = str(tmp_path / "data" / "train" / "ant" / "0.jpg")
    model = ("--model", "insects")
    commands = [
        ("classify", photo, *model, "--json"),
        ("features", photo, *model, "--out", str(out)),
        ("evaluate", "insects", folder, "--part", "all", "--json"),
        ("train", folder, *model, "--epochs", "1", "--device", "cpu"),
        ("info",),
    ]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(commands=commands)],
        capture_output=True, text=True, timeout=300, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert first["error"] is None
    assert len(first["predictions"]) == 3
    with np.load(out) as file:
        assert len(file["features"]) == 1
    assert list((paths.cache_dir() / "converted").glob("*/*")) == []
