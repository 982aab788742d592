"""How far the Train page is."""

from __future__ import annotations

from enum import Enum, auto

from resnet_gui.core.runs.events import RunFailed, RunFinished, RunStopped

RunEnd = RunFinished | RunStopped | RunFailed


class TrainState(Enum):
    EMPTY = auto()  # no folder
    SCANNING = auto()
    READY = auto()  # a folder with its settings
    LOOKING = auto()  # Start was clicked: is the folder still what it was?
    RUNNING = auto()  # preparing or training
    PAUSED = auto()
    STOPPING = auto()
    ENDED = auto()  # finished, stopped or failed: `end` says how
