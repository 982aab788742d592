"""The commands in the order of `--help`: one line each. Imports nothing, because the program reads
the names before it knows whether it needs the command line at all.

A command is a function whose signature and docstring typer reads, as "module:function": its module
is imported when it is asked for.
"""

from __future__ import annotations

_HERE = "resnet_gui.cli.commands"

COMMANDS: dict[str, str] = {
    "classify": f"{_HERE}.classify:classify",
    "sort": f"{_HERE}.sort:sort",
    "undo": f"{_HERE}.undo:undo",
    "explain": f"{_HERE}.explain:explain",
    "models": f"{_HERE}.models:models",
    "info": f"{_HERE}.info:info",
    "features": f"{_HERE}.features:features",
    "train": f"{_HERE}.train:train",
    "resume": f"{_HERE}.resume:resume",
    "runs": f"{_HERE}.runs:runs",
    "evaluate": f"{_HERE}.evaluate:evaluate",
    "compare": f"{_HERE}.compare:compare",
    "suspects": f"{_HERE}.suspects:suspects",
    "ensemble": f"{_HERE}.ensemble:ensemble",
    "download": f"{_HERE}.download:download",
    "import": f"{_HERE}.import_:import_",
}
# Those that processes carry out together, where torch's launcher started several (see `together`).
TOGETHER = frozenset({"train", "resume"})
