"""Where the processes of torch's launcher meet. Needs torch."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator

import torch
from torch import distributed as dist
from torch._C._distributed_c10d import PrefixStore, Store, TCPStore
from torch.distributed.rendezvous import rendezvous

from resnet_gui.core.errors import WorkerError
from resnet_gui.core.training.distributed import PATIENCE, EndedError, LaunchedWorkers
from resnet_gui.core.training.launch import Place, go_by, stay_here

_LOOK_EVERY_S = 0.1
_SILENT_S = 3.0  # nothing is said of a wait this short
_MESH_S = 120.0  # to reach each other, once all are there; a firewall lets them wait for ever


class _Meeting(threading.Thread):
    """Meets the others in a thread of its own: torch does so at a stretch, for as long as half an
    hour, and hears neither of a stop nor of somebody who has failed meanwhile.

    Attributes:
        store: the launcher's, once it is reached. error: why they did not meet.
    """

    def __init__(self, place: Place, attempt: str) -> None:
        super().__init__(name="meeting", daemon=True)
        self.store: Store | None = None
        self.error: Exception | None = None
        self._place, self._attempt = place, attempt

    def run(self) -> None:
        gpus = torch.cuda.is_available() and dist.is_nccl_available()
        try:
            store = _store(self._place)
            # A connection of its own: who waits at one keeps all others from it.
            self.store = store.clone()
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if gpus else "gloo",
                store=PrefixStore(f"torch/{self._attempt}", store),
                rank=self._place.rank,
                world_size=self._place.size,
                timeout=PATIENCE,
            )
        except (RuntimeError, ValueError, OSError) as error:
            self.error = error


def _store(place: Place) -> Store:
    """The launcher's, or where it has none (mpirun, Slurm) the first process's own: at once, while
    torch's own way returns only when all are there, and until then nobody hears of anybody."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        store: Store = next(rendezvous("env://", timeout=PATIENCE))[0]
        return store
    return TCPStore(
        os.environ["MASTER_ADDR"],
        int(os.environ["MASTER_PORT"]),
        place.size,
        place.rank == 0,
        PATIENCE,
        wait_for_workers=False,
        multi_tenant=True,
        use_libuv=os.environ.get("USE_LIBUV", "1") == "1",
    )


@contextlib.contextmanager
def join(
    place: Place, stop: threading.Event, waiting: Callable[[int], object] = lambda _: None
) -> Iterator[LaunchedWorkers]:
    """Meet the other processes. Whoever leaves the block without `end` has failed.

    Args:
        stop: set where this process is asked to stop.
        waiting: is told how many are there, of the first process, while it waits for the others.

    Raises:
        WorkerError: they cannot be reached, one of them has failed before all were there, or a stop
            was asked for until then.
    """
    if place.one_computer:
        stay_here()
    else:
        go_by(os.environ["MASTER_ADDR"])
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    meeting = _Meeting(place, attempt)
    meeting.start()
    while meeting.is_alive() and meeting.store is None:
        time.sleep(_LOOK_EVERY_S)
        if stop.is_set():
            raise _stopped(place)
    if meeting.store is None:
        raise _unreached(meeting.error, place)
    store = PrefixStore(f"resnet-gui/{attempt}", meeting.store)
    workers = LaunchedWorkers(place, store, stop)
    try:
        _wait_for(meeting, workers, place, waiting)
        yield workers
    except BaseException:
        workers.end(workers.code or 1)
        raise
    workers.end(workers.code)


def _wait_for(
    meeting: _Meeting, workers: LaunchedWorkers, place: Place, waiting: Callable[[int], object]
) -> None:
    """Until all are there.

    Raises:
        WorkerError: see `join`. The others have been told.
    """
    begun = time.monotonic()
    told, all_there = 0, math.inf
    try:
        while meeting.is_alive():
            meeting.join(_LOOK_EVERY_S)
            if not meeting.is_alive():
                break
            if workers.look():
                raise _stopped(place)
            now, there = time.monotonic(), workers.present()
            if there == place.size:
                all_there = min(all_there, now)
            if now - all_there > _MESH_S:
                raise _unreached(TimeoutError("they do not answer in the network"), place)
            if not place.rank and now - begun > _SILENT_S and told != there < place.size:
                waiting(told := there)
        if meeting.error is not None:
            raise _unreached(meeting.error, place)
    except EndedError as ended:
        raise WorkerError("The first worker ended before the run began.", "", place.rank) from ended
    except (WorkerError, RuntimeError) as error:
        if place.rank:
            workers.fail(error)
        if isinstance(error, WorkerError):
            raise
        raise _unreached(error, place) from error


def _stopped(place: Place) -> WorkerError:
    return WorkerError(
        "The run was stopped before all workers were there. Nothing has begun.", "", place.rank
    )


def _unreached(error: Exception | None, place: Place) -> WorkerError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    found = WorkerError(
        f"The other workers cannot be reached ({reason}).",
        "Look at the address and the port that the launcher was given, and whether a firewall is "
        "between the computers. Where this computer is in several networks, "
        "GLOO_SOCKET_IFNAME=NAME says by which one (“ip address” lists the names).",
        place.rank,
    )
    found.__cause__ = error
    return found
