"""One of several processes that train a run together, in which something goes wrong as the
arguments say: DATA RANK WHAT, with WHAT "memory" (it runs out in this process), "error" or "loss"
(of some photos, after the run has begun)."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import torch

from resnet_gui.core.runs.events import RunStarted
from resnet_gui.core.training.api import train
from resnet_gui.core.training.follower import follow_leader
from resnet_gui.core.training.launch import launched
from resnet_gui.core.training.meeting import join
from tests.helpers.training import tiny_config, user_zoo


def lose_photos(data: Path) -> None:
    """Some of both parts."""
    for number in range(1, 6):
        (data / "red" / f"{number:03}.jpg").unlink()


def main(data: str, rank: str, what: str) -> int:
    """Returns the exit code."""
    place = launched()
    assert place is not None

    def guard(epoch: int, step: int, photos: int) -> None:
        if place is not None and place.rank == int(rank) and (epoch, step) >= (1, 2):
            if what == "error":
                raise ValueError("as rehearsed")
            if what == "memory" and photos > 1:
                raise torch.OutOfMemoryError("as rehearsed")

    with join(place, threading.Event()) as workers:
        if place.rank:
            return follow_leader(workers, {}, None, guard)
        workers.compare({})
        config = tiny_config(Path(data), epochs=2, augmentation="standard")
        for event in train(config, zoo=user_zoo(), guard=guard, workers=workers):
            print(json.dumps(event.to_json()), flush=True)  # noqa: T201
            if what == "loss" and isinstance(event, RunStarted):
                lose_photos(Path(data))
        return 0


def run() -> None:
    """With the arguments of sys.argv."""
    raise SystemExit(main(*sys.argv[1:]))
