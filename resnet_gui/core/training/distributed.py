"""The processes that torch's launcher started, and how they talk to each other. Needs torch.

Three ways, each for what it is good at:

- torch's store, a small server of the launcher: what the leader orders, what each process says,
  that one has failed, that all is over. Waiting there has no limit, so that the leader may scan a
  folder, compute features or save a model as long as it likes, and a process that waits there
  still hears of an end or a failure at once.
- gloo, in main memory: figures and answers. It notices when a process is gone.
- nccl, between GPUs: gradients. (On the CPU that is gloo's work, too.)

A process that fails says so in the store and ends; the others find their connection to it closed,
and look there for the reason. One that was killed is missed by its pulse. So nobody waits for
somebody who will not come.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import math
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import safetensors.torch
import torch
from torch import Tensor
from torch import distributed as dist
from torch._C._distributed_c10d import Store

from resnet_gui.core.errors import DeviceError, WorkerError
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.training.gradients import SharedGradients
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.launch import Place
from resnet_gui.core.training.pulse import Pulse
from resnet_gui.core.training.versions import versions
from resnet_gui.core.training.workers import Workers

_log = logging.getLogger(__name__)

# How long a process may lag behind the others within a step or a validation.
# One that is gone is noticed at once; this is for a computer that was switched off.
PATIENCE = datetime.timedelta(minutes=30)
_LONGEST_PAUSE_S, _LOOK_EVERY_S = 0.1, 1.0
_REASON_S = 10.0  # for the reason of a closed connection to come, and for the others to leave
_STOPPING_S = 20.0  # for all to notice a stop; torch's launcher kills after 30 s
_LAST_WORD_S = 3.0  # for the others to leave, of whom some may be gone
_FAILED, _END, _STOP = "failed", "end", "stop"


class EndedError(Exception):
    """The leader has ended, with this exit code: so do the others. Nobody sees it."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"ended with {code}")


class LaunchedWorkers(Workers):
    """See `Workers`. Made by `join`.

    Args:
        stop: this process is asked to stop. Set here where another one was.

    Attributes:
        code: exit code of the leader, for the others.
    """

    def __init__(self, place: Place, store: Store, stop: threading.Event) -> None:
        self.rank, self.size, self.local_size = place.rank, place.size, place.local_size
        self._place = place
        self._store = store
        self._stop = stop
        self._pulse = Pulse(store, place.rank)
        self.code = 0
        self._own_stop: Callable[[], bool] = stop.is_set
        self._told_stop = False
        self._looked = 0.0
        self._orders = self._rounds = 0

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"worker {self.rank} on {platform.node() or 'this computer'}"

    def device(self, wanted: str) -> str:
        name = wanted.strip().lower()
        kind, _, number = name.partition(":")
        if kind == "mps":
            raise DeviceError(
                "Several workers cannot share an Apple GPU.", "Add --device cpu, or start one."
            )
        if kind == "cpu" or (kind != "cuda" and not torch.cuda.is_available()):
            return "cpu"
        if number:
            raise DeviceError(
                f"Several workers cannot share the device “{wanted}”.",
                "--device cuda gives each of them a GPU of its own.",
            )
        gpus = torch.cuda.device_count()
        if self._place.local_size > gpus:
            raise DeviceError(
                f"{self._place.local_size} workers were started on {platform.node()}, which has "
                f"{gpus or 'no'} GPU{'' if gpus == 1 else 's'} that torch can use.",
                f"Start as many as there are GPUs (--nproc-per-node {gpus}), or add --device cpu."
                if gpus
                else "Add --device cpu.",
            )
        torch.cuda.set_device(self._place.local_rank)
        return f"cuda:{self._place.local_rank}"

    def present(self) -> int:
        """How many processes have reached the store until now.

        Raises:
            RuntimeError: the store is gone.
        """
        return sum(self._pulse.there(rank) for rank in range(self.size))

    # What the leader says, and the others wait for.

    def order(self, what: str, **values: Any) -> None:
        self._store.set(f"order/{self._orders}", json.dumps({"what": what, **values}))
        self._orders += 1

    def next_order(self) -> dict[str, Any]:
        """What the leader said next; waits for it as long as it takes.

        Raises:
            EndedError: it is over.
        """
        said = self._wait_for(f"order/{self._orders}", 0)
        self._orders += 1
        return dict(parse_json(said))

    def hand_over(
        self, tensors: Callable[[], Mapping[str, Tensor]], note: Mapping[str, Any]
    ) -> None:
        # clone: safetensors refuses tensors that share memory
        ready = {k: t.detach().cpu().contiguous().clone() for k, t in tensors().items()}
        packed = bytearray(safetensors.torch.save(ready))
        self.order("tensors", bytes=len(packed), note=dict(note))
        self._together(lambda: dist.broadcast(torch.frombuffer(packed, dtype=torch.uint8), 0))

    def received(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Note and tensors of the leader's `hand_over`."""
        order = self.next_order()
        packed = torch.empty(int(order["bytes"]), dtype=torch.uint8)
        self._together(lambda: dist.broadcast(packed, 0))
        return dict(order["note"]), safetensors.torch.load(packed.numpy().tobytes())

    def gather(self, value: Any) -> list[Any]:
        number, self._rounds = self._rounds, self._rounds + 1
        self._store.set(f"said/{number}/{self.rank}", json.dumps(value))
        return [
            parse_json(self._wait_for(f"said/{number}/{rank}", rank)) for rank in range(self.size)
        ]

    def compare(self, request: Mapping[str, Any]) -> None:
        """See whether all were asked for the same, by the same versions. All of them must call it.

        Args:
            request: what the command line of this process asks for, as JSON takes it.

        Raises:
            WorkerError: what differs, and where. Only the leader says it.
        """
        facts = {**versions(), **request}
        said = self.gather({"name": self.name, "facts": facts})
        if self.rank:
            return
        mine = said[0]["facts"]
        for rank, other in enumerate(said[1:], start=1):
            theirs = other["facts"]
            for key in {**mine, **theirs}:
                if mine.get(key) != theirs.get(key):
                    raise WorkerError(
                        f"The workers do not agree about {key}: {theirs.get(key, 'nothing')} is "
                        f"what {other['name']} has, and {mine.get(key, 'nothing')} what "
                        f"{said[0]['name']} has.",
                        "Start all of them with the same command and the same versions.",
                        rank,
                    )

    # What all do at the same moment.

    def total(self, values: list[float]) -> list[float]:
        asked = float(self._asked())
        sums = torch.tensor([*values, asked], dtype=torch.float64)
        self._together(lambda: dist.all_reduce(sums))
        *found, stopping = sums.tolist()
        if stopping:
            self.stopping = True
            self._stop.set()
        return found

    def all_of(self, judged: Iterable[Judged]) -> Iterator[Judged]:
        mine: list[Judged] = []
        error: Exception | None = None
        try:
            for item in judged:
                if self.rank:  # what the leader has, it does not send
                    mine.append(item)
                yield item
                if self._asked():
                    break
        except Exception as caught:  # noqa: BLE001 - raised again when the others know
            error = caught
        (failed,) = self.total([float(error is not None)])
        if error is not None:
            raise error
        if failed and not self.rank:
            self._await_reason()
            raise self._lost(RuntimeError("it failed while it validated"))
        if failed or self.stopping:
            return
        width = mine[0].logits.shape[1] if mine else 0
        sizes = self.gather([[len(item.positions) for item in mine], width])
        if self.rank:
            for item in mine:
                positions, logits = torch.tensor(item.positions), item.logits.contiguous()
                self._together(lambda sent=(positions, logits): [dist.send(t, 0) for t in sent])  # type: ignore[misc]
            return
        for rank, (lengths, width) in enumerate(sizes[1:], start=1):
            for length in lengths:
                positions = torch.empty(length, dtype=torch.int64)
                logits = torch.empty(length, width)
                for tensor in (positions, logits):
                    self._together(lambda t=tensor, r=rank: dist.recv(t, r))  # type: ignore[misc]
                yield Judged(positions.tolist(), logits)

    def average(self, tensors: list[Tensor]) -> None:
        for tensor in tensors:
            mean = tensor.detach().cpu().double()
            self._together(lambda sent=mean: dist.all_reduce(sent))  # type: ignore[misc]
            tensor.copy_(mean / self.size)

    def gradients(self, parameters: list[Tensor]) -> SharedGradients:
        return SharedGradients(parameters, self._together)

    # Stopping, failing, ending.

    def asking(self, stop: Callable[[], bool]) -> Callable[[], bool]:
        self._own_stop = stop

        def asked() -> bool:
            if time.monotonic() - self._looked > _LOOK_EVERY_S:
                self._looked = time.monotonic()
                self._look()
            return self._asked()

        return asked

    def _asked(self) -> bool:
        return self._stop.is_set() or self._own_stop()

    def fail(self, error: BaseException) -> None:
        """Tell the leader that this process ends, and why."""
        foreseen = getattr(error, "foreseen", False)
        message = str(error) if foreseen else f"{type(error).__name__}: {error}"
        what = json.dumps({"rank": self.rank, "name": self.name, "message": message})
        with contextlib.suppress(RuntimeError):  # the store is gone: so are the others
            self._store.compare_set(_FAILED, "", what)  # the first one has the reason

    def end(self, code: int) -> None:
        """All is over. Of the leader: the others end with this code, and are waited for a moment,
        as the store may end with this process."""
        clean = code == 0
        if not clean and torch.cuda.is_available() and dist.is_initialized():
            # Sums that will never come: who waits for them waits for ever.
            with contextlib.suppress(RuntimeError, AttributeError):
                dist.group.WORLD.abort()  # type: ignore[union-attr]
        self._pulse.end()
        try:
            if not self.rank:
                self._store.set(_END, str(code))
            if dist.is_initialized():
                dist.destroy_process_group()
            if self.rank:
                self._store.set(f"gone/{self.rank}", "")
            else:
                there = [rank for rank in range(1, self.size) if self._pulse.there(rank)]
                keys = [f"gone/{rank}" for rank in there]
                until = time.monotonic() + (_REASON_S if clean else _LAST_WORD_S)
                while keys and time.monotonic() < until and not self._store.check(keys):
                    time.sleep(_LONGEST_PAUSE_S / 5)
        except RuntimeError:  # the store is gone already
            pass

    def _wait_for(self, key: str, rank: int) -> bytes:
        """The value that this process gives to this key.

        Raises:
            EndedError: the leader has ended. WorkerError: another process has failed or is gone, or
                a stop was asked for and it did not get ready.
        """
        pause, asked_at = 0.001, math.inf
        try:
            while not self._store.check([key]):
                self._look()
                if self._pulse.silent(rank):
                    raise RuntimeError("it was silent for a minute")
                asked_at = min(asked_at, time.monotonic()) if self._stop.is_set() else math.inf
                if time.monotonic() - asked_at > _STOPPING_S:
                    self._give_up()
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            return bytes(self._store.get(key))
        except RuntimeError as error:
            raise self._lost(error) from error

    def _give_up(self) -> NoReturn:
        if self.rank:
            raise EndedError(130)
        raise WorkerError(
            "The run was stopped while another worker was not ready.", "It can be resumed."
        )

    def look(self) -> bool:
        """Whether a stop was asked for; see whether the others go on.

        Raises:
            EndedError, WorkerError: they do not.
        """
        self._look()
        return self._stop.is_set()

    def _look(self) -> None:
        """What the store says of ends, failures and stops; and tell it of a stop here."""
        if self.rank:
            if self._store.check([_END]):
                raise EndedError(int(self._store.get(_END)))
            if self._stop.is_set() and not self._told_stop:
                self._told_stop = True
                self._store.set(_STOP, "")
            return
        if self._store.check([_FAILED]):
            self._raise_failure()
        if self._store.check([_STOP]):
            self._stop.set()

    def _together(self, work: Callable[[], object]) -> None:
        """Do what all processes do at this moment.

        Raises:
            EndedError, WorkerError: not all of them do.
        """
        try:
            work()
        except RuntimeError as error:
            self._await_reason()
            raise self._lost(error) from error

    def _await_reason(self) -> None:
        """Returns where none comes.

        Raises:
            EndedError, WorkerError: the reason.
        """
        # The leader ends first: what is lost to it is the reason, to the others a consequence.
        until = time.monotonic() + _REASON_S * (2 if self.rank else 1)
        with contextlib.suppress(RuntimeError):  # the store is gone, too
            while time.monotonic() < until:
                self._look()
                time.sleep(_LONGEST_PAUSE_S)

    def _raise_failure(self) -> NoReturn:
        found = parse_json(bytes(self._store.get(_FAILED)))
        raise WorkerError(
            f"The run cannot go on, as {found['name']} has failed: {found['message']}",
            "",
            int(found["rank"]),
        )

    def _lost(self, error: Exception) -> WorkerError:
        _log.info("the connection to another worker is lost: %s", error)
        return WorkerError(
            f"The run cannot go on, as the connection of {self.name} to another worker is lost.",
            "Look whether that computer ran out of memory or was switched off, then resume the "
            "run.",
        )
