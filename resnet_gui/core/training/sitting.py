"""The state of a run while it trains. Needs torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.events import EpochDone, PhotoSkipped, SamplesPredicted
from resnet_gui.core.system import garbage
from resnet_gui.core.system.allocator import give_back_freed_memory
from resnet_gui.core.training.phase import Phase
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.validate import Validation

Stop = Callable[[], bool]
Event = TypeVar("Event")


class Stopwatch:
    """Counts the time in which a generator works, not the time in which nobody asks it to: a run
    is paused by letting its generator alone.

    Attributes:
        seconds: counted so far.
    """

    def __init__(self) -> None:
        self._counted = 0.0
        self._resumed: float | None = None

    @property
    def seconds(self) -> float:
        running = 0.0 if self._resumed is None else time.monotonic() - self._resumed
        return self._counted + running

    def timed(self, events: Generator[Event, None, None]) -> Iterator[Event]:
        """The same events; the watch stands still from each of them until the next is asked for."""
        try:
            while True:
                self._resumed = time.monotonic()
                try:
                    event = next(events)
                except StopIteration:
                    return
                finally:
                    self._counted, self._resumed = self.seconds, None
                yield event
        finally:
            events.close()


@dataclass(slots=True)
class Sitting:
    """One sitting: the run's state, and what lives only as long as the process.

    Attributes:
        progress, history: what is restored on resume: how far the run is (its tensors are the
            phase's), and the epochs so far.
        stop: asked between batches; True ends the sitting.
        phase: what learns now; None: not opened yet, or closed.
        step: optimizer steps of the run, those of the epoch that is not saved yet included.
        missing: photos that could not be read.
        clock: the time that this sitting worked.
        samples: the last epoch's answers to a few validation photos.
        best: what the validation photos said in the best epoch, if that was in this sitting.
    """

    setup: Setup
    progress: Progress
    history: list[EpochDone]
    stop: Stop
    phase: Phase | None = None
    step: int = 0
    missing: set[str] = field(default_factory=set)
    clock: Stopwatch = field(default_factory=Stopwatch)
    seconds_before: float = 0.0
    samples: SamplesPredicted | None = None
    best: tuple[int, Validation] | None = None

    def __post_init__(self) -> None:
        self.step, self.seconds_before = self.progress.step, self.progress.seconds

    @property
    def open_phase(self) -> Phase:
        """The phase, where one is open."""
        return cast(Phase, self.phase)

    @property
    def stopping(self) -> bool:
        """Whether the epoch ends here. Several processes have agreed about it in the step: one
        that stops alone would leave the others waiting in the next one."""
        workers = self.open_phase.workers
        return workers.stopping if workers.several else self.stop()

    @property
    def seconds(self) -> float:
        """Training time over all sittings, without pauses."""
        return self.seconds_before + self.clock.seconds

    def skipped(self) -> Iterator[PhotoSkipped]:
        """The photos that could not be read since the last call."""
        for path, message in self.open_phase.source.take_failures():
            self.missing.add(path)
            yield PhotoSkipped(self.setup.run.name, path, message)

    def close(self) -> None:
        """Let go of pixels, threads and tensors."""
        if self.phase is not None:
            self.phase.close()
            self.phase = None
            garbage.collect()
            give_back_freed_memory()
