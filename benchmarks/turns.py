"""Ways to train that take turns, each in a process of its own that sleeps meanwhile, so that what
one does to its process is not the others' gain; and what is said of them."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

# Photos trained with, and the seconds by the clock and of all cores that it took.
Told = dict[str, float]
Turn = Callable[[], Told]


class Watch:
    """Seconds by the clock and of processors since it was made, worker processes included."""

    def __init__(self) -> None:
        self._began, self._used = time.perf_counter(), sum(os.times()[:4])

    def told(self, photos: float) -> Told:
        return {
            "photos": photos,
            "seconds": time.perf_counter() - self._began,
            "processor_seconds": sum(os.times()[:4]) - self._used,
        }


def answer_turns(make: Callable[[], Turn]) -> None:
    """In the contestant's process: a turn for each line on its input, told as a line of JSON."""
    # Only JSON for the one who asks: libraries print to stdout, too.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    turn = make()
    print("{}", file=answers, flush=True)  # ready
    for _ in sys.stdin:
        print(json.dumps(turn()), file=answers, flush=True)


class Contestant:
    """One way to train, in a process of its own; its first turn warms up and does not count.

    Args:
        command: what runs `answer_turns`.

    Attributes:
        reason: why it cannot run, "" if it can. rounds: what its turns told.
    """

    def __init__(self, kind: str, title: str, command: Sequence[str]) -> None:
        self.kind, self.title, self.reason = kind, title, ""
        self.rounds: list[Told] = []
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._read()
        self.take_turn()
        self.rounds.clear()
        if self.reason:
            print(f"# {title} cannot run: {self.reason}", flush=True)

    def take_turn(self) -> None:
        if self.reason:
            return
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        if told := self._read():
            self.rounds.append(told)

    def rates(self) -> list[float]:
        """Photos/s of each round."""
        return [told["photos"] / told["seconds"] for told in self.rounds]

    def processor_ms(self) -> list[float]:
        """Milliseconds of processors per photo, of each round."""
        return [1000 * told["processor_seconds"] / told["photos"] for told in self.rounds]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _read(self) -> Told:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            told: Told = json.loads(line)
            return told
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        self.reason = lines[-1] if lines else "it ended without a word"
        return {}


def take_turns(contestants: list[Contestant], rounds: int) -> dict[str, Contestant]:
    """All rounds; returns by kind those that can run, with what they told."""
    order = random.Random(0)
    try:
        for number in range(rounds):
            # In another order each time: who comes after whom must not matter.
            for contestant in order.sample(contestants, len(contestants)):
                contestant.take_turn()
            rates = [f"{item.kind} {item.rates()[-1]:.1f}" for item in contestants if item.rates()]
            print(f"# round {number + 1}: {', '.join(rates)}", flush=True)
    finally:
        for contestant in contestants:
            contestant.close()
    ran = {item.kind: item for item in contestants if not item.reason}
    for item in ran.values():
        busy = statistics.median(item.processor_ms())
        print(
            f"{item.title}: {spread(item.rates(), 1)} photos/s, {busy:.2f} ms of processors per "
            "photo"
        )
    return ran


def fastest(ran: dict[str, Contestant], kinds: Sequence[str]) -> Contestant | None:
    """The fastest of these that ran."""
    there = [ran[kind] for kind in kinds if kind in ran]
    return max(there, key=lambda item: statistics.median(item.rates()), default=None)


def compare(one: Contestant, other: Contestant) -> None:
    """Print how many times as fast the first one is: the median of the rounds' ratios, so that a
    machine that slows down for a while slows both down."""
    by_clock = [a / b for a, b in zip(one.rates(), other.rates(), strict=True)]
    busy = [b / a for a, b in zip(one.processor_ms(), other.processor_ms(), strict=True)]
    print(
        f"{one.title}: {spread(by_clock, 2)} times “{other.title}”; by processor time "
        f"{spread(busy, 2)}"
    )


def spread(values: list[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"
