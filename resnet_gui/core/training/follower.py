"""What a process does that helps the leader to train a run: as it is told, and no more. It decides
nothing, writes no file and says nothing. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from resnet_gui.core.errors import NonFiniteLossError, OutOfMemoryError, WorkerError
from resnet_gui.core.inference.network_features import WithFeatures
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.checkpoint import Progress, as_checkpoint, fit_weights
from resnet_gui.core.training.data.source import made_ahead
from resnet_gui.core.training.distributed import EndedError, LaunchedWorkers
from resnet_gui.core.training.network import set_trainable
from resnet_gui.core.training.phase import Phase, photo_source, restore, to_device
from resnet_gui.core.training.setup import NETWORK, Guard, Setup
from resnet_gui.core.training.step import average_statistics, take_step
from resnet_gui.core.training.together import accept
from resnet_gui.core.training.validate import validate
from resnet_gui.core.values import from_json


def follow_leader(
    workers: LaunchedWorkers,
    request: Mapping[str, Any],
    folder: Path | None = None,
    guard: Guard | None = None,
) -> int:
    """Do what the leader says until it ends, and return its exit code.

    Args:
        request: what this process was asked for; see `LaunchedWorkers.compare`.
        folder: where this computer has the photos; None: where the leader has them.
        guard: see `setup.Guard`.

    Raises:
        Exception: this process cannot go on. The leader has been told.
    """
    follower = _Follower(workers, folder, guard)
    try:
        workers.compare(request)
        follower.run()
    except EndedError as ended:
        workers.code = ended.code
        return ended.code
    except BaseException as error:
        workers.fail(error)
        raise
    finally:
        follower.close()


class _Follower:
    def __init__(self, workers: LaunchedWorkers, folder: Path | None, guard: Guard | None) -> None:
        self._workers, self._folder, self._guard = workers, folder, guard
        self._setup: Setup | None = None
        self._phase: Phase | None = None
        self._progress = Progress()

    def run(self) -> NoReturn:
        """Never returns: the leader's end comes as EndedError."""
        orders: dict[str, Callable[[Setup, dict[str, Any]], None]] = {
            "phase": self._open_phase,
            "epoch": self._train_epoch,
            "answers": self._answer,
        }
        while True:
            order = self._workers.next_order()
            if order["what"] == "begin":
                self._setup = accept(order, self._workers, self._folder, self._guard)
            elif order["what"] in orders and self._setup is not None:
                orders[order["what"]](self._setup, order)
            else:
                raise WorkerError(f"The first worker ordered “{order['what']}”, which is unknown.")

    def close(self) -> None:
        if self._phase is not None:
            self._phase.close()
            self._phase = None

    def _open_phase(self, setup: Setup, order: dict[str, Any]) -> None:
        """The network with the leader's weights, its optimizer and this process's photos."""
        self.close()
        classes = len(setup.split.classes)
        network = build_network(setup.entry.spec.architecture, classes, setup.options)
        module = to_device(setup, network)
        set_trainable(module, setup.config, NETWORK)
        source = photo_source(setup)
        try:
            for _ in source.fill():
                if self._workers.look():
                    break  # they are read when they are needed, if they still are
            source.take_failures()  # raises where the whole folder is gone
            source.share_failures()
            phase = self._phase = Phase(setup, NETWORK, module, source, "")
        except BaseException:
            source.close()
            raise
        note, tensors = self._workers.received()
        last = as_checkpoint(from_json(Progress, note), tensors)
        if note.get("photos") != len(source.trainable):
            raise WorkerError(
                f"{self._workers.name} can read {len(source.trainable):,} of the training photos, "
                f"the first worker {note.get('photos'):,}.",
                "Look whether all of them see the same folder, then resume the run.",
                self._workers.rank,
            )
        self._progress = last.progress
        fit_weights(module, last.weights, setup.run.path)
        restore(phase, last.progress, last.optimizer, last.average, setup.run.path)
        phase.begin()

    def _train_epoch(self, setup: Setup, order: dict[str, Any]) -> None:
        """The same steps as `loop._train_epoch`, over this process's share of the batches."""
        phase, epoch, seen = self._phase, int(order["epoch"]), 0
        assert phase is not None  # the leader opens one before it trains
        batches = phase.order(epoch)
        phase.train_mode()
        phase.source.begin_epoch(epoch, setup.input_side(epoch))
        coming = made_ahead(phase.source, setup.config.seed, epoch, batches)
        for number, (planned, batch) in enumerate(coming):
            phase.set_learning_rate(epoch, number, float(order["scale"]))
            phase.source.take_failures()  # raises where the whole folder is gone
            if batch is not None and seen and len(batch.y) < phase.fewest:
                batch = None
            step = take_step(setup, phase, self._progress, batch, planned, epoch, number)
            try:
                while True:
                    next(step)  # its notices are the leader's to show
            except StopIteration as end:
                seen += 0 if end.value is None else end.value.photos
            except (NonFiniteLossError, OutOfMemoryError):
                return  # agreed: the leader says so, and ends
            if self._workers.stopping:
                return
        if not seen:
            return  # the leader says so, and ends
        average_statistics(phase)
        for _ in validate(setup, phase, lambda: False):
            pass
        phase.source.share_failures()

    def _answer(self, setup: Setup, order: dict[str, Any]) -> None:
        """Ask the network that the leader gives about the validation photos."""
        phase = self._phase
        assert phase is not None  # the leader asks only where photos go through a network
        _, weights = self._workers.received()
        classes = len(setup.split.classes)
        network = build_network(setup.entry.spec.architecture, classes, setup.options)
        fit_weights(network, weights, setup.run.path)
        asked = WithFeatures(network.eval().requires_grad_(False)).to(setup.device.kind)
        phase.source.begin_epoch(setup.config.epochs, setup.preprocessing.crop)
        for _ in self._workers.all_of(phase.source.judge(asked, phase.forward)):
            pass
