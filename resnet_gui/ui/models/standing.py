"""What is the matter with one model, and what is to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Situation(Enum):
    """What is the matter with one model."""

    READY = auto()
    IN_USE = auto()  # the Classify page answers with it
    DAMAGED = auto()
    REMOTE = auto()  # needs a download
    PART = auto()  # some of it has arrived
    WAITING = auto()  # in line for its download
    DOWNLOADING = auto()
    STOPPING = auto()  # its download was cancelled and hangs up
    FAILED = auto()  # its download ended with an error


@dataclass(frozen=True, slots=True)
class Standing:
    """A model's situation with what is to be said about it.

    Attributes:
        text: one sentence or a few words; empty if there is nothing to say.
        fraction: how far its download is, 0..1; None where nobody knows or none runs.
    """

    situation: Situation
    text: str = ""
    fraction: float | None = None
