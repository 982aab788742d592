"""`resnet-gui`: the window, or a command. Sets the environment before torch or Qt is imported."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from types import ModuleType
from typing import NoReturn

from resnet_gui.cli.registry import COMMANDS

# Words that mean the command line; anything else opens the window with those files.
_OPTIONS = frozenset({"-h", "--help", "--version", "--install-completion", "--show-completion"})


def main() -> None:
    """Entry point of the command: commands and options run in the terminal."""
    prepare_environment()
    _check_folder()
    _check_home()
    arguments = sys.argv[1:]
    if arguments and (arguments[0] in COMMANDS or arguments[0] in _OPTIONS):
        try:
            from resnet_gui.cli.main import run

            run()
        except KeyboardInterrupt:  # while the libraries are imported
            raise SystemExit(130) from None
    else:
        _stop_at_typo(arguments)
        _window(arguments)


def main_window() -> None:
    """Entry point of the desktop icon: always the window."""
    prepare_environment()
    _check_folder()
    _check_home()
    _window(sys.argv[1:])


def _window(arguments: list[str]) -> None:
    unknown = [word for word in arguments if word.startswith("-")]
    if unknown:
        _refuse(f"unknown option {unknown[0]}. “resnet-gui --help” lists what there is.")
    if "" in arguments:
        _refuse('an empty text ("") names no file or folder; “.” is the folder you are in.')
    from resnet_gui.app.display import why_no_window

    reason = why_no_window()
    if reason is not None:
        try:
            from resnet_gui.cli.commands.classify import classify_samples

            raise SystemExit(classify_samples(reason, arguments))
        except KeyboardInterrupt:
            raise SystemExit(130) from None
    try:
        from resnet_gui.app.second_start import Outcome, hand_over

        outcome = hand_over(arguments)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    if outcome is Outcome.TAKEN:
        what = "Opened in" if arguments else "Brought to the front:"
        with contextlib.suppress(OSError):
            print(f"{what} the window that is open already.")  # noqa: T201
        raise SystemExit(0)
    if sys.platform == "win32":
        # torch's libraries fail to load after Qt's on Windows: the one exception to window first.
        import torch  # noqa: F401
    try:
        code = import_window().run_window(arguments, alone=outcome is Outcome.NOBODY)
    except KeyboardInterrupt:  # before the window listens to signals
        code = 130
    raise SystemExit(code)


def import_window() -> ModuleType:
    """`resnet_gui.app.main`. Modules live for ever: collecting garbage among them while they load
    would cost a tenth of the time to the window."""
    gc.disable()
    from resnet_gui.app.unread_sources import leave_sources_unread

    leave_sources_unread()
    from resnet_gui.app import main as app

    gc.freeze()
    gc.enable()
    return app


def _stop_at_typo(arguments: list[str]) -> None:
    """`resnet-gui clasify a.jpg` would open a window that complains about a file “clasify”."""
    if not arguments or os.path.lexists(arguments[0]):
        return
    import difflib

    meant = difflib.get_close_matches(arguments[0].lower(), sorted(COMMANDS), n=1, cutoff=0.75)
    if meant:
        _refuse(
            f"there is no command and no file “{arguments[0]}”. Did you mean "
            f"“resnet-gui {meant[0]}”?"
        )


# Who has no home folder may say where each thing lives.
_FOLDERS = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "KERAS_HOME")


def _check_home() -> None:
    """Nothing can be kept in a file, or nowhere: said once, not by each part that wants to keep
    something."""
    home = os.environ.get("RESNET_GUI_HOME", "").strip()
    place = os.path.expanduser(home or "~")  # noqa: PTH111 - nothing is imported
    if home and os.path.isfile(place):  # noqa: PTH113
        _refuse(f"the variable RESNET_GUI_HOME names “{home}”, which is a file, not a folder.")
    if not place.startswith("~") or set(sys.argv[1:2]) & _OPTIONS:  # help needs no folder
        return
    if home[1:2] not in ("", "/", os.sep):
        _refuse(f"the variable RESNET_GUI_HOME names “{home}”, and there is no such user.")
    if home or not all(map(os.environ.get, _FOLDERS)):
        # In a container, say, or a job of a user without an account.
        _refuse(
            "this user has no home folder to keep settings and models in. Set the variable "
            "RESNET_GUI_HOME to a folder for them."
        )


def _check_folder() -> None:
    """Where the folder that a job runs in was removed, or its drive, not even torch can be loaded:
    it says that its own files are missing."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        _refuse("the folder that this runs in is not there any more. Change to another one.", 1)


def _refuse(sentence: str, code: int = 2) -> NoReturn:
    """A terminal's answer to wrong use or to what is not there, before slow things are imported."""
    from resnet_gui.core.system.visible_text import visible

    with contextlib.suppress(OSError):  # nobody can read it: the code tells
        print(f"resnet-gui: {visible(sentence)}", file=sys.stderr)  # noqa: T201
    raise SystemExit(code)


def prepare_environment() -> None:
    # Idle OpenMP threads spin and starve the window on small machines; asleep, a training loop
    # beside a live window ran 6 times faster. Must stand before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # But asleep at once, they are woken hundreds of times a step. So they wait up to half a
    # millisecond for more work first (GNU's OpenMP, which is torch's on Linux): a training on 2
    # cores beside 26 other busy threads ran 1.15 times as fast. Where more threads than cores have
    # work, none waits like this.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


if __name__ == "__main__":
    main()
