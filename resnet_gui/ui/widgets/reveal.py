"""“Show in folder” and “Open”: by the system's file manager, or by the program that it has for a
file; where none answers, as a path to copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication

from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine

_LOOK_EVERY_MS = 100
_LOOKS = 50  # then it is taken for opened: a file manager may be the command itself
# Commands that still run are not ours to wait for, but forgetting one would be a warning.
_running: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see.

    Attributes:
        itself: opened, and not shown in its folder.
        missing: what is said after its path where nothing is there.
        what: it is called in a sentence.
    """

    path: Path
    itself: bool = False
    missing: str = "is not there any more."
    what: str = "file"


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of it.

    Attributes:
        there: whether there is anything at its path.
        command: that shows it; None: this system has none.
    """

    wanted: Wanted
    there: bool = False
    command: subprocess.Popen[bytes] | None = None


def open_wanted(wanted: Wanted) -> Generator[None, None, Opened]:
    """A job: ask the system to open a file, or to show it, selected in its folder where it can do
    that."""
    yield None
    if not wanted.path.exists():
        return Opened(wanted)
    command = _command(wanted.path, itself=wanted.itself)
    if not command:
        return Opened(wanted, there=True)
    nowhere = subprocess.DEVNULL
    try:
        # Of its own session: it stays when this program ends.
        process = subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
    except OSError:
        return Opened(wanted, there=True)
    _running[:] = [command for command in _running if command.poll() is None]
    _running.append(process)
    return Opened(wanted, there=True, command=process)


def _command(path: Path, *, itself: bool) -> list[str]:
    if sys.platform == "win32":
        opens = ["rundll32", "url.dll,FileProtocolHandler", str(path)]  # Explorer splits at commas
        return opens if itself else ["explorer", f"/select,{path}"]
    if sys.platform == "darwin":
        return ["open", str(path)] if itself else ["open", "-R", str(path)]
    found = shutil.which("xdg-open")
    shown = path if itself or path.is_dir() else path.parent
    return [found, str(shown)] if found else []


class Reveal(QObject):
    """Shows and opens files and folders for one page, and says on its notices what did not work.

    Attributes:
        notice: names a path that nothing could show, with a button that copies it.
    """

    def __init__(self, io: JobLane, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._io, self._notices = io, notices
        self.notice: NoticeLine | None = None
        self._wanted = Wanted(Path())
        self._command: subprocess.Popen[bytes] | None = None
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def looking(self) -> bool:
        """Whether the system's answer is still awaited."""
        return self._timer.isActive()

    def show(self, path: Path, missing: str = "is not there any more.") -> None:
        """Open the file manager at `path`.

        Args:
            missing: what is said after the path where nothing is there.
        """
        self._ask(Wanted(path, missing=missing))

    def open(self, path: Path, what: str = "file") -> None:
        """Open a file in the program that the system has for it.

        Args:
            what: it is called in a sentence.
        """
        self._ask(Wanted(path, itself=True, what=what))

    def _ask(self, wanted: Wanted) -> None:
        job = self._io.submit(partial(open_wanted, wanted), Priority.INTERACTIVE)
        job.finished.connect(self._on_opened)

    @Slot(object)
    def _on_opened(self, opened: Opened) -> None:
        self._wanted = wanted = opened.wanted
        if not opened.there:
            self._notices.add(f"{wanted.path} {wanted.missing}")
        elif opened.command is None:
            self._say_where()
        else:
            self._command, self._looks = opened.command, 0
            self._timer.start()

    @Slot()
    def _look(self) -> None:
        """Whether the command has failed: it does where it finds no file manager."""
        assert self._command is not None
        code = self._command.poll()
        self._looks += 1
        if code is None and self._looks < _LOOKS:
            return
        self._timer.stop()
        if code and sys.platform != "win32":  # Explorer says 1 where all went well
            self._say_where()

    def _say_where(self) -> None:
        wanted = self._wanted
        said = "No file manager answered. It is here:"
        if wanted.itself:
            said = f"No program answered. The {wanted.what} is here:"
        notice = self._notices.add(f"{said} {wanted.path}", "notice", "Copy path")
        if notice is not self.notice:
            notice.acted.connect(self._on_copy)
            self.notice = notice

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(str(self._wanted.path))
        if self.notice is not None:
            self._notices.remove(self.notice)
            self.notice = None
        self._notices.add("The path is copied.")
