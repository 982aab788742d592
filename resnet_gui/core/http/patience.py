"""How long to wait for a network, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try.

    Attributes:
        connect_s: to find and reach the server, in seconds.
        stall_s: with nothing coming, in seconds.
        attempts: tries in a row that bring nothing new; then the last error is raised.
        backoff_s: pause after the first failed try in seconds; it doubles with each.
        longest_pause_s: no pause is longer, whatever the server asks.
    """

    connect_s: float = 15.0
    stall_s: float = 30.0
    attempts: int = 4
    backoff_s: float = 1.0
    longest_pause_s: float = 60.0
