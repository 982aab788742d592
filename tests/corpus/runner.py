"""Makes a corpus and lets the program have it, in a child process that may hang, crash or take the
memory without taking the tests along."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.corpus.cases import Case

REPOSITORY = Path(__file__).resolve().parents[2]
MEMORY_MB = 1500
HANG_S = 30.0  # generous: the machine may be busy
BOMB_S = 120.0  # 250 million pixels
KINDS = ("images", "names", "models", "runs", "settings")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case; `number` is negative for the checks of all files at once."""

    number: int
    what: str
    outcome: str
    detail: str
    seconds: float
    peak_mb: int


@dataclass(slots=True)
class Outcome:
    """What came of a corpus.

    Attributes:
        stderr: what C libraries wrote, and the stacks of hangs.
    """

    kind: str
    seed: int
    folder: Path
    results: list[Result] = field(default_factory=list)
    stderr: str = ""

    @property
    def failures(self) -> list[Result]:
        return [r for r in self.results if r.outcome not in ("ok", "named")]

    @property
    def files(self) -> int:
        return sum(r.number >= 0 for r in self.results)

    def figures(self) -> str:
        """One line: counts, the worst time and memory."""
        counts = Counter(r.outcome for r in self.results if r.number >= 0)
        slowest = max(self.results, key=lambda r: r.seconds)
        largest = max(self.results, key=lambda r: r.peak_mb)
        words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        return (
            f"{self.kind}, seed {self.seed}: {self.files} files: {words}; in all "
            f"{sum(r.seconds for r in self.results):.1f} s, slowest {slowest.seconds:.2f} s "
            f"({slowest.number} {slowest.what}), most memory {largest.peak_mb} MB "
            f"({largest.number} {largest.what})"
        )

    def complaint(self) -> str:
        """All failures, each with how to make it again; "" if there is none."""
        lines = [
            f"--- {r.outcome}: {r.what} ({r.seconds:.1f} s)\n    again: python -m tests.corpus "
            f"{self.kind} --seed {self.seed} --only {r.number}\n{r.detail}"
            for r in self.failures
        ]
        if self.stderr.strip():
            lines.append(f"--- on stderr:\n{self.stderr[-6000:]}")
        return "\n".join(lines)


def made(
    kind: str, seed: int, count: int, folder: Path, *, costly: bool = False,
    only: Sequence[int] = (),
) -> list[tuple[int, Case, Path]]:  # fmt: skip
    """Write a corpus into a folder. Each case has a folder of its own, by its number: names of
    cases may be alike, or need all the length that a name can have."""
    maker = importlib.import_module(f"tests.corpus.{kind}")
    found = []
    for number, case in maker.cases(seed, count, costly=costly):
        if only and number not in only:
            continue
        place = folder / f"{number:05}" / case.name
        place.parent.mkdir(parents=True)
        case.build(place)
        found.append((number, case, place))
    return found


def run_corpus(
    kind: str, seed: int, count: int, folder: Path, *, costly: bool = False,
    only: Sequence[int] = (), together: bool = True,
) -> Outcome:  # fmt: skip
    """Make a corpus below `folder` and run the program on it."""
    files = folder / "files"
    files.mkdir(parents=True)
    todo = [(n, c.what, str(p)) for n, c, p in made(kind, seed, count, files, costly=costly,
                                                    only=only)]  # fmt: skip
    outcome, hang_s = Outcome(kind, seed, folder), BOMB_S if costly else HANG_S
    report, stderr = folder / "report.jsonl", folder / "stderr.txt"
    report.touch()
    while True:
        done = {r.number for r in outcome.results}
        task = {
            "kind": kind,
            "folder": str(files),
            "report": str(report),
            "cases": [case for case in todo if case[0] not in done],
            "done_together": -min([*done, 0]) if together else 10**6,
        }
        (folder / "task.json").write_text(json.dumps(task))
        size = report.stat().st_size
        end = _watch(folder, report, stderr, hang_s, hang_s + len(todo) / 4)
        begun: dict[str, Any] | None = None
        with report.open(encoding="utf-8") as lines:
            lines.seek(size)
            for line in lines:
                value = json.loads(line)
                begun = value if "begin" in value else None
                if "end" in value:
                    outcome.results.append(_result(value))
        if not end:
            break
        if begun is None:  # it died between two cases, or before the first one
            outcome.results.append(Result(-999, "the process itself", end, "", 0.0, 0))
            break
        outcome.results.append(Result(begun["begin"], begun["what"], end, "see stderr", hang_s, 0))
    outcome.stderr = stderr.read_text(errors="replace")
    log = (folder / "log").read_text(errors="replace")
    if "Traceback" in log:
        outcome.stderr += log[log.index("Traceback") :]
    return outcome


def _result(value: dict[str, Any]) -> Result:
    outcome, detail = value["outcome"], value["detail"]
    if value["peak_mb"] > MEMORY_MB and outcome != "failed":
        outcome, detail = "memory", f"{value['peak_mb']} MB; {detail}"
    return Result(value["end"], value["what"], outcome, detail, value["seconds"], value["peak_mb"])


def _watch(folder: Path, report: Path, stderr: Path, hang_s: float, together_s: float) -> str:
    """Run the child to its end. Returns "" or how it ended: hang, memory, crash.

    Args:
        hang_s: the longest time for one case. together_s: for all of them in one command.
    """
    environment = os.environ | {
        "RESNET_GUI_HOME": str(folder / "home"),
        "PYTHONPATH": str(REPOSITORY),
        "QT_QPA_PLATFORM": "offscreen",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONWARNINGS": "error::ResourceWarning",
        "NO_COLOR": "1",
    }
    arguments = ["-m", "tests.corpus.child", str(folder / "task.json"), str(folder / "log")]
    with stderr.open("ab") as errors, subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=environment, cwd=REPOSITORY,
    ) as child:  # fmt: skip
        seen, since, limit = -1, time.monotonic(), hang_s
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(0.05)
                return "" if code == 0 else f"crash ({code})"
            size = report.stat().st_size
            if size != seen:
                seen, since = size, time.monotonic()
                last = report.read_bytes().splitlines()[-1:]
                limit = together_s if last and b'"begin": -' in last[0] else hang_s
            if time.monotonic() - since > limit:
                child.send_signal(signal.SIGABRT)  # faulthandler says where it is
                child.wait()
                return "hang"
            if _memory_mb(child.pid) > 2 * MEMORY_MB:
                child.kill()
                child.wait()
                return f"memory (over {2 * MEMORY_MB} MB)"


def _memory_mb(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 // 1_000_000
    return 0
