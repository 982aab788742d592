"""The layers hold: core without Qt, the window without torch, and the check that says so works."""

from __future__ import annotations

import json
import os
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import resnet_gui
from resnet_gui.core.system import paths
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

ROOT = Path(resnet_gui.__file__).resolve().parent.parent
LINT = Path(sysconfig.get_path("scripts")) / "lint-imports"


def modules_of(*packages: str) -> list[str]:
    names = []
    for package in packages:
        names.append(package)
        folder = ROOT.joinpath(*package.split("."))
        if folder.is_dir():
            found = pkgutil.walk_packages([str(folder)], f"{package}.")
            names += [module.name for module in found if not module.name.endswith("__main__")]
    return names


def imported_by(modules: list[str]) -> set[str]:
    """Top-level names in sys.modules of a fresh process that imported these."""
    code = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_core_and_the_command_line_never_see_qt() -> None:
    modules = modules_of("resnet_gui.core", "resnet_gui.cli")
    modules.append("resnet_gui.app.display")
    assert len(modules) > 25
    assert "resnet_gui.core.zoo.weights.load" in modules
    loaded = imported_by(modules)
    assert "torch" in loaded  # or the search for modules found too little
    assert not {"PySide6", "shiboken6"} & loaded


def test_the_window_never_sees_torch() -> None:
    modules = modules_of("resnet_gui.ui", "resnet_gui.jobs")
    assert len(modules) > 15
    loaded = imported_by(modules)
    assert "PySide6" in loaded
    assert not {"torch", "torchvision"} & loaded


def test_the_composition_root_has_no_torch_before_the_window_is_up() -> None:
    loaded = imported_by(["resnet_gui.app.main", "resnet_gui.__main__"])
    assert not {"torch", "torchvision"} & loaded


def test_the_names_of_commands_are_known_before_the_command_line_is_imported() -> None:
    loaded = imported_by(["resnet_gui.__main__"])
    assert "resnet_gui" in loaded
    assert not {"typer", "rich", "torch", "PySide6", "PIL"} & loaded


def test_the_engine_works_where_there_is_no_qt(tmp_path: Path, own_home: Path) -> None:
    """A GPU server: importing Qt fails, classifying works."""
    small_model(paths.user_models_dir() / "insects.safetensors")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(gradient(64, 48), "JPEG"))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import sys\n"
        "class NoQt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('PySide6', 'shiboken6'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, NoQt())\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}
    check = subprocess.run(
        [sys.executable, "-c", "import PySide6"], env=environment, capture_output=True
    )
    assert check.returncode == 1  # the block works
    done = subprocess.run(
        [sys.executable, "-m", "resnet_gui", "classify", photo, "--model", "insects", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["error"] is None
    assert len(line["predictions"]) == 3


# --- the import contracts ---------------------------------------------------------------------

# file -> an import that must not be there, and how the report names it
_VIOLATIONS = {
    "core/photos/decode.py": (
        "from PySide6.QtGui import QImage",
        "resnet_gui.core.photos.decode -> PySide6",
    ),
    "core/zoo/spec.py": (
        "import resnet_gui.ui.widgets.theme",
        "resnet_gui.core.zoo.spec -> resnet_gui.ui.widgets.theme",
    ),
    "jobs/lane.py": (
        "from resnet_gui.core.events import Notice",
        "resnet_gui.jobs.lane -> resnet_gui.core.events",
    ),
    "ui/widgets/theme.py": (
        "import resnet_gui.core.inference.classifier",
        "resnet_gui.ui.widgets.theme -> resnet_gui.core.inference.classifier",
    ),
    "cli/main.py": ("import resnet_gui.app.main", "resnet_gui.cli.main -> resnet_gui.app.main"),
    # Rooms that nobody has thought of yet: contracts name packages, and not what is in them.
    "core/newcomer/__init__.py": (
        "import resnet_gui.ui.newcomer",
        "resnet_gui.core.newcomer -> resnet_gui.ui.newcomer",
    ),
    "ui/newcomer/__init__.py": ("import torch", "resnet_gui.ui.newcomer -> torch"),
}
# Cycles among siblings; the report names the siblings within their room.
_CYCLES = {
    "core/http/settings.py": ("import resnet_gui.core.zoo.catalogue", "core", ".http -> .zoo"),
    "core/zoo/weights/load.py": (
        "import resnet_gui.core.zoo.providers.registry", "core.zoo", ".weights -> .providers",
    ),
    "core/training/step.py": (
        "import resnet_gui.core.training.loop", "core.training", ".step -> .loop",
    ),
    "ui/widgets/icons.py": ("import resnet_gui.ui.classify.page", "ui", ".widgets -> .classify"),
    "cli/output.py": ("import resnet_gui.cli.input", "cli", ".output -> .input"),
    "app/signals.py": ("import resnet_gui.app.main", "app", ".signals -> .main"),
}  # fmt: skip


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_each_planted_violation_fails_the_import_contracts(tmp_path: Path) -> None:
    if not LINT.exists():
        pytest.skip("import-linter is not installed")
    shutil.copytree(
        ROOT / "resnet_gui", tmp_path / "resnet_gui", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    clean = lint(tmp_path)
    assert clean.returncode == 0, clean.stdout
    assert "0 broken" in clean.stdout
    planted = [(name, code) for name, (code, *_) in (_VIOLATIONS | _CYCLES).items()]
    for name, code in planted:
        path = tmp_path / "resnet_gui" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef planted() -> None:\n    {code}\n")
    found = lint(tmp_path)
    assert found.returncode == 1
    assert " 0 kept, " in found.stdout
    for _, chain in _VIOLATIONS.values():
        assert f"-   {chain} (l." in found.stdout, chain
    for _, room, step in _CYCLES.values():
        _, _, rest = found.stdout.partition(f"No cycles are allowed in resnet_gui.{room}.\n")
        assert f"- {step} (1 import)" in rest.partition("No cycles")[0], room
