"""Tests of the window look at what a person or a caller sees, not at the product's private names:
what is inside may change, and the tests still say whether it is right.

ruff's SLF001 sees `page._samples`; here are the ways around it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOMS = ("ui", "app", "e2e", "helpers")
_BY_NAME = frozenset(
    {"setattr", "delattr", "getattr", "hasattr", "attrgetter", "methodcaller", "patch"}
)
_PRIVATE = re.compile(r"(?:[\w.]*\.)?_(?!_)\w+")


def private_names(source: str) -> list[str]:
    """The private names that a program reaches for, each with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in _BY_NAME:
                names = [
                    argument.value
                    for argument in node.args[:2]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                ]
        found += [f"{node.lineno}: {name}" for name in names if _PRIVATE.fullmatch(name)]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_window_tests_look_at_no_private_name(room: str) -> None:
    paths = sorted((TESTS / room).rglob("*.py"))
    assert paths
    found = {str(p.relative_to(TESTS)): private_names(p.read_text("utf-8")) for p in paths}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_check_finds_what_it_looks_for() -> None:
    source = """
from resnet_gui.ui.window.menus import _Menu
from resnet_gui import __main__
monkeypatch.setattr(status_line, "_PASSING_MS", 50)
monkeypatch.setattr("resnet_gui.ui.lab.page._REFRESH_MS", 0)
getattr(page, "_memory")
getattr(page, "memory")
monkeypatch.setattr(Path, "__str__", str)
print("_memory")
"""
    assert private_names(source) == [
        "2: _Menu", "4: _PASSING_MS", "5: resnet_gui.ui.lab.page._REFRESH_MS", "6: _memory",
    ]  # fmt: skip
