"""The command line: the same engine without a window. JSON goes to stdout, all else to stderr.

Exit codes: 0 fine, 1 something is not there, failed or cannot be read or written, 2 wrong use (see
`output.code_of`), 130 interrupted.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from resnet_gui import __version__
from resnet_gui.cli.help import PlainCommand
from resnet_gui.cli.output import FINE, run_app, say
from resnet_gui.cli.registry import COMMANDS, TOGETHER
from resnet_gui.core.errors import WorkerError
from resnet_gui.core.system.visible_text import VisibleFormatter
from resnet_gui.core.training.launch import launched


class _Commands(Mapping[str, Any]):
    """typer's commands by name, made when they are looked at."""

    def __getitem__(self, name: str) -> Any:
        module, _, function = COMMANDS[name].partition(":")
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        imported = importlib.import_module(module)
        # PlainCommand, or a kind of it for a command with more to its help.
        cls = getattr(imported, "COMMAND_CLASS", PlainCommand)
        alone.command(name, cls=cls)(getattr(imported, function))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Commands()


app = typer.Typer(
    name="resnet-gui",
    cls=_Group,
    help="See what is on photos, and teach a network your own classes from a folder of photos. "
    "Nothing leaves this computer.\n\n"
    "Without a command the window opens, with the photos, folders or models that are named. If it "
    "is open already, it comes to the front and takes them.\n\n"
    "\b\n"
    "Examples:\n"
    "  resnet-gui                        open the window\n"
    "  resnet-gui cat.jpg                open it with a photo\n"
    "  resnet-gui classify cat.jpg       say in the terminal what is on it\n"
    "  resnet-gui train pets             learn the classes pets/cats, pets/dogs, …\n"
    "  resnet-gui train -h               explain a command",
    epilog="Exit codes: 0 fine; 1 something is not there (a folder, a drive, a device), failed or "
    "could not be read or written; 2 wrong use: an option, a value or a name that does not exist; "
    "130 interrupted. Settings, models and runs are kept where “resnet-gui info” says; the "
    "variable RESNET_GUI_HOME names another folder for all of them.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Run the command of `sys.argv`; every foreseen error is one sentence and an exit code."""
    if logging.lastResort is not None:  # warnings go to stderr through it
        logging.lastResort.setFormatter(VisibleFormatter())
    leave_to_the_first(sys.argv[1:])
    raise SystemExit(run_app(app, "resnet-gui"))


def leave_to_the_first(arguments: Sequence[str]) -> None:
    """Of several processes that torch's launcher started, the first alone does what they cannot do
    together: all of them would write the same files.

    Raises:
        SystemExit: this is another one of them; with 0, or the launcher would end the first.
    """
    if arguments and arguments[0] in TOGETHER:
        return
    try:
        place = launched()
    except WorkerError:  # what the variables say is no launcher's
        return
    if place is not None and place.rank:
        say(f"Process {place.rank + 1} of {place.size}: the first one does this alone.", "dim")
        raise SystemExit(FINE)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"resnet-gui {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass
