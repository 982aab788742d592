"""What the program does with the corpus, in a process of its own. The runner starts it:

    python -m tests.corpus.child TASK.json LOG

It says on the report file, line by line, what it begins and what came of it, so that the runner
knows what a hang or a crash belongs to. Nothing but C libraries would write to its stderr.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from resnet_gui.core.errors import ResNetGuiError

OK, NAMED, FAILED = "ok", "named", "failed"
# Python's words instead of a person's: "Error: list index out of range".
_RAW = re.compile(
    r"(list|tuple|string) index|has no attribute|NoneType|subscriptable|to unpack|not iterable"
    r"|unhashable|argument must be|codec can't|positional arg|unexpected keyword|must be real"
    r"|division by zero|not supported between|object is not|must be str|\b[A-Z]\w{0,40}Error\b"
    r"|Traceback|<class|object at 0x|recursion depth|struct\.|not 'str'|not str|4300 digits"
)
MESSAGE = 3000  # characters; nobody reads more, and a window has no room for it
_STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class WrongError(AssertionError):
    """The program answered, but not as it should."""


class Report:
    """Writes the report; measures time and memory of each case."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def case(self, number: int, what: str, work: Callable[[], str | None]) -> None:
        """Run one case; whatever comes out of it is one line of the report."""
        self._line({"begin": number, "what": what})
        _forget_peak()
        started = time.perf_counter()
        outcome, detail = OK, ""
        try:
            detail = work() or ""
            outcome = NAMED if detail else OK
        except ResNetGuiError as error:
            outcome, detail = NAMED, said(error)
        except BaseException:  # noqa: BLE001 - that is what is looked for
            outcome, detail = FAILED, traceback.format_exc()
        if outcome == NAMED and len(detail) > MESSAGE:
            outcome, detail = FAILED, f"a message of {len(detail):,} characters: {detail[:300]} …"
        if outcome == NAMED and (found := _RAW.search(detail.partition(": ")[2])):
            outcome, detail = FAILED, f"no words for a person ({found.group()}): {detail}"
        seconds = time.perf_counter() - started
        self._line(
            {"end": number, "what": what, "outcome": outcome, "detail": detail[-4000:],
             "seconds": round(seconds, 4), "peak_mb": peak_mb()}
        )  # fmt: skip

    def _line(self, value: dict[str, Any]) -> None:
        self._file.write(json.dumps(value) + "\n")
        self._file.flush()


def said(error: ResNetGuiError) -> str:
    """The error's kind and sentence, as the report has it."""
    return f"{type(error).__name__}: {error}"


def _forget_peak() -> None:
    """Let VmHWM begin anew, where the system allows it; else the peak is that of all cases."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int:
    """The most memory since `_forget_peak`, in MB."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 1_000_000
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 // 1_000_000


@contextlib.contextmanager
def _streams(out: Path, err: Path) -> Iterator[None]:
    """Files in the place of Python's stdout and stderr. What C libraries write does not come here
    but to the process's own stderr, which the runner looks at."""
    before = sys.stdout, sys.stderr
    sys.stdout = out.open("w", encoding="utf-8", buffering=1)
    sys.stderr = err.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.close()
        sys.stdout, sys.stderr = before


def command(*arguments: str) -> tuple[int, str, str]:
    """Run the program's command line here; exit code, stdout, stderr.

    Raises:
        WrongError: a code that is not promised, a traceback, characters that steer a terminal.
    """
    from resnet_gui.cli.main import run

    before, code = sys.argv, 0
    sys.argv = ["resnet-gui", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        try:
            with _streams(out, err):
                run()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        finally:
            sys.argv = before
        stdout, stderr = (
            path.read_bytes().decode("utf-8", "surrogateescape") for path in (out, err)
        )
    if code not in (0, 1, 2):
        raise WrongError(f"{arguments[0]} ended with {code}: {stderr}")
    if "Traceback" in stderr:
        raise WrongError(f"{arguments[0]} ended with a traceback: {stderr}")
    # JSON escapes them, CSV keeps a name as it is: there a program reads.
    shown = stderr if "--csv" in arguments else stdout + stderr
    if steers := _STEERS.search(shown):
        around = shown[max(0, steers.start() - 200) : steers.end() + 100]
        raise WrongError(f"{arguments[:2]} prints {steers.group()!r}: {around!r}")
    return code, stdout, stderr


def lines_of(stdout: str) -> list[dict[str, Any]]:
    """JSON, one object a line, with nothing that JSON does not know (NaN, Infinity).

    Raises:
        WrongError: a line is something else.
    """

    def refuse(name: str) -> None:
        raise WrongError(f"{name} is no JSON")

    found = []
    for line in stdout.split("\n")[:-1]:
        value = json.loads(line, parse_constant=refuse)
        if not isinstance(value, dict):
            raise WrongError(f"no object: {line[:200]!r}")
        found.append(value)
    if stdout and not stdout.endswith("\n"):
        raise WrongError("the last line is cut off")
    return found


def expect(truth: bool, what: str) -> None:
    """A check that tells what did not hold."""
    if not truth:
        raise WrongError(what)


def main() -> None:
    """Do the task: {"kind", "folder", "report", "cases": [[number, what, path]], "done_together":
    how many of the checks of all files at once are not to be made}."""
    faulthandler.enable()  # the runner's SIGABRT shows where it hangs
    task = json.loads(Path(sys.argv[1]).read_text())
    # Log and threads write to Python's stderr; the process's own stays for C libraries.
    with (
        Path(sys.argv[2]).open("a", encoding="utf-8", errors="backslashreplace") as log,
        contextlib.redirect_stderr(log),
        Path(task["report"]).open("a", encoding="utf-8") as file,
    ):
        _attack(task, Report(file))


def _attack(task: dict[str, Any], report: Report) -> None:
    from tests.corpus import attacks

    attack = attacks.ATTACKS[task["kind"]](Path(task["folder"]))
    for number, what, path in task["cases"]:
        report.case(number, what, lambda place=Path(path): attack.one(place))
    for number, (what, work) in enumerate(attack.together(), start=1):
        if number > task["done_together"]:
            report.case(-number, what, work)


if __name__ == "__main__":
    main()
