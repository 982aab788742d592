"""The processes that train one run together, each on its own device: what a run asks of them, and
the answers of a process that is alone. No torch here.

One of them, the leader (rank 0), trains as a process that is alone does: it holds the run's lock,
decides, writes and speaks. The others follow (see `follower`). Both go through the same steps over
the same batches; each makes and learns from its share, and after each step all have the same
weights. `distributed` has the real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from resnet_gui.core.training.gradients import SharedGradients
    from resnet_gui.core.training.judged import Judged


class Workers:
    """A process that is alone: nothing is shared, and nobody is waited for.

    Attributes:
        rank: of this process, from 0. size: how many there are. local_size: of them on this
            computer.
        stopping: all have agreed to stop, in the step or the validation that is just over.
    """

    rank, size, local_size = 0, 1, 1
    stopping = False

    @property
    def several(self) -> bool:
        return self.size > 1

    def device(self, wanted: str) -> str:
        """The device of this process for a setting, as `resolve_device` takes it.

        Raises:
            DeviceError: there are fewer GPUs than processes on this computer.
        """
        return wanted

    def share(self, count: int) -> range:
        """Which of `count` photos are this process's: neighbours, and of all processes as many, or
        one more."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    @property
    def turns(self) -> slice:
        """Which of the pieces of something are this process's: every `size`-th."""
        return slice(self.rank, None, self.size)

    def asking(self, stop: Callable[[], bool]) -> Callable[[], bool]:
        """The question whether to stop, to be asked between epochs and phases. (Within a step or a
        validation the processes agree: see `stopping`.) It also notices that another process has
        failed.

        Args:
            stop: this process's own answer.
        """
        return stop

    def order(self, what: str, **values: Any) -> None:
        """Tell the others what comes next. values: as JSON takes them. Only the leader does."""

    def gather(self, value: Any) -> list[Any]:
        """What each process says, by rank, as JSON. All of them must call it."""
        return [value]

    def hand_over(
        self, tensors: Callable[[], Mapping[str, Tensor]], note: Mapping[str, Any]
    ) -> None:
        """Give the others these tensors, and a note as JSON takes it. Only the leader does.

        Args:
            tensors: called where there is somebody to get them.
        """

    def total(self, values: list[float]) -> list[float]:
        """Sums over all processes; afterwards `stopping` is known."""
        return values

    def all_of(self, judged: Iterable[Judged]) -> Iterator[Judged]:
        """These answers, and then those of the other processes; afterwards `stopping` is known, and
        if all stop, some are missing."""
        yield from judged

    def average(self, tensors: list[Tensor]) -> None:
        """Put the mean over all processes into these, in place."""

    def gradients(self, parameters: list[Tensor]) -> SharedGradients | None:
        """What adds up the gradients of all processes; None: there is nothing to add."""
        return None


ALONE = Workers()
