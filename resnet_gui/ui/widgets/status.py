"""What the status line and the progress line say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line says. `milliseconds` of the last photo: network, and all in all.
    `passing`: the text says what was done and goes after a while."""

    text: str = ""
    device: str = ""
    milliseconds: str = ""
    busy: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class PhotosProgress:
    """How far the photos are. `eta_s` is None while it cannot be told yet. `paused`: nothing more
    begins until a person says so."""

    done: int
    total: int
    per_second: float
    eta_s: float | None
    paused: bool = False

    @property
    def running(self) -> bool:
        return self.done < self.total

    @classmethod
    def of(
        cls, done: int, waiting: int, elapsed_s: float, *, paused: bool = False
    ) -> PhotosProgress:
        """From counts and the time since the beginning; too early, no rate is told."""
        if not waiting:
            return cls(0, 0, 0.0, None)
        rate = done / elapsed_s if elapsed_s > 0.5 and done > 2 else 0.0
        return cls(done, done + waiting, rate, waiting / rate if rate else None, paused)
