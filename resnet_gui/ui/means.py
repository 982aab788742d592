"""What a controller has its work done with."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.model_store import ModelStore


@dataclass(frozen=True, slots=True)
class Means:
    """Who does it, the models that it is done with, and the lanes that it is done in."""

    engine: Engine
    store: ModelStore
    inference: JobLane
    io: JobLane
    training: JobLane
