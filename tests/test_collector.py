"""Nobody collects garbage but `core/system/garbage`: in a worker's thread, a collection may destroy
an object of Qt, which ends the program minutes later in the event loop, or hangs it."""

from __future__ import annotations

import ast
from pathlib import Path

import resnet_gui

ROOT = Path(resnet_gui.__file__).parent
# What may be used where. `freeze` collects nothing.
ALLOWED = {
    "core/system/garbage.py": {"collect", "enable", "disable", "freeze", "unfreeze"},
    "core/system/gentle_import.py": {"freeze", "unfreeze"},
    "__main__.py": {"enable", "disable", "freeze"},  # before there is a second thread
}
_HARMLESS = frozenset({"get_count", "get_threshold", "get_objects", "get_stats", "isenabled"})


def collector_names(source: str) -> set[str]:
    """What a program uses of Python's module `gc`; "gc" where it may use all of it."""
    tree = ast.parse(source)
    called = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name == "gc"
    }
    found: set[str] = set()
    taken = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gc" and not node.level:
            found |= {"gc" if name.name == "*" else name.name for name in node.names}
        elif isinstance(node, ast.Constant) and node.value == "gc":  # import_module("gc")
            found.add("gc")
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in called
        ):
            found.add(node.attr)
            taken += 1
    names = sum(isinstance(node, ast.Name) and node.id in called for node in ast.walk(tree))
    return found | {"gc"} if names > taken else found  # it was handed on


def test_only_one_place_collects() -> None:
    paths = sorted(ROOT.rglob("*.py"))
    assert len(paths) > 500
    found = {
        name: collector_names(path.read_text("utf-8")) - _HARMLESS - ALLOWED.get(name, set())
        for path in paths
        for name in [path.relative_to(ROOT).as_posix()]
    }
    assert {name: used for name, used in found.items() if used} == {}


def test_the_check_finds_what_it_looks_for() -> None:
    for source, used in (
        ("import gc\ngc.collect()", {"collect"}),
        ("import gc as bin\ndef f():\n    bin.enable()", {"enable"}),
        ("from gc import collect as tidy", {"collect"}),
        ("from gc import *", {"gc"}),
        ("import gc\nrun(gc)", {"gc"}),
        ("import importlib\nimportlib.import_module('gc').collect()", {"gc"}),
        ("from resnet_gui.core.system.garbage import collect", set()),
        ("import gc\ngc.isenabled()", {"isenabled"}),
    ):
        assert collector_names(source) == used, source
