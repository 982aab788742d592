"""Where the processes of torch's launcher meet. Needs torch."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import torch
from torch import distributed as dist
from torch._C._distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from resnet_gui.core.errors import WorkerError
from resnet_gui.core.training.distributed import PATIENCE, LaunchedWorkers
from resnet_gui.core.training.launch import Place, stay_here


@contextlib.contextmanager
def join(place: Place, stop: threading.Event) -> Iterator[LaunchedWorkers]:
    """Meet the other processes. Whoever leaves the block without `end` has failed.

    Args:
        stop: set where this process is asked to stop.

    Raises:
        WorkerError: they cannot be reached.
    """
    if place.one_computer:
        stay_here()
    gpus = torch.cuda.is_available() and dist.is_nccl_available()
    try:
        store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            store=PrefixStore(f"torch/{attempt}", store),
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise WorkerError(
            f"The other workers cannot be reached ({str(error).splitlines()[0]}).",
            "Look at the address and the port that the launcher was given.",
            place.rank,
        ) from error
    workers = LaunchedWorkers(place, PrefixStore(f"resnet-gui/{attempt}", store), stop)
    try:
        yield workers
    except BaseException:
        workers.end(workers.code or 1)
        raise
    workers.end(workers.code)
