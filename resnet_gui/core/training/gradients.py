"""Gradients added up over several processes while the backward pass still runs. Needs torch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torch import distributed as dist

# As DistributedDataParallel: large enough for the network's full speed, small enough that the
# first ones travel while the rest is computed.
_BUCKET_BYTES = 25 * 2**20


class SharedGradients:
    """What DistributedDataParallel does (Li et al. 2020, arXiv:2006.15704), but so that a process
    which runs out of memory in the middle of a backward pass leaves nobody waiting: what it has
    not sent by then it sends as zeros (`complete`), and all throw the sum away.

    The parameters are put into buckets, the last ones first, as their gradients come first. A
    bucket goes on its way as soon as its gradients and all buckets before it are there, so that all
    processes send in the same order.

    Args:
        parameters: the ones that learn, in the same order in all processes.
        together: does what all processes do at this moment, and says why where not all do.
    """

    def __init__(
        self, parameters: list[Tensor], together: Callable[[Callable[[], object]], None]
    ) -> None:
        self._together = together
        self._buckets = [_Bucket(found) for found in _buckets(list(reversed(parameters)))]
        self._armed = False
        self._next = 0
        self._works: list[dist.Work] = []
        self._hooks = [
            # The operation has no types in torch.
            parameter.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                partial(self._arrived, bucket)
            )
            for bucket in self._buckets
            for parameter in bucket.parameters
        ]

    def close(self) -> None:
        """Leave the parameters alone from now on."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    @contextlib.contextmanager
    def sending(self, armed: bool) -> Iterator[None]:
        """In this block gradients go on their way as they come: it is the backward pass of a
        batch's last piece. Not `armed`: it is one of the pieces before."""
        self._armed = armed
        try:
            yield
        finally:
            self._armed = False

    def complete(self) -> None:
        """Send what the backward passes have not sent: a parameter without a gradient counts as
        zero."""
        while self._next < len(self._buckets):
            self._send()

    def receive(self, factor: float) -> None:
        """Wait for the sums, and give them to the parameters as their gradients.

        Args:
            factor: they are multiplied by it.
        """
        self._wait()
        for bucket in self._buckets:
            if factor != 1:
                bucket.flat.mul_(factor)
            for parameter, view in zip(bucket.parameters, bucket.views, strict=True):
                parameter.grad = view

    def discard(self) -> None:
        """Wait for the sums and forget them."""
        self._wait()

    def _wait(self) -> None:
        for work in self._works:
            self._together(work.wait)
        self._works.clear()
        self._next = 0
        for bucket in self._buckets:
            bucket.missing = len(bucket.parameters)

    def _arrived(self, bucket: _Bucket, _: Tensor) -> None:
        if not self._armed:
            return
        bucket.missing -= 1
        while self._next < len(self._buckets) and not self._buckets[self._next].missing:
            self._send()

    def _send(self) -> None:
        bucket = self._buckets[self._next]
        bucket.take()
        self._together(lambda: self._works.append(dist.all_reduce(bucket.flat, async_op=True)))
        self._next += 1


class _Bucket:
    """Some parameters, and memory for their gradients: there from the beginning, so that it is not
    what is missing when memory runs out."""

    def __init__(self, parameters: list[Tensor]) -> None:
        self.parameters = parameters
        self.missing = len(parameters)
        first = parameters[0]
        count = sum(parameter.numel() for parameter in parameters)
        self.flat = torch.zeros(count, dtype=first.dtype, device=first.device)
        self.views: list[Tensor] = []
        start = 0
        for parameter in parameters:
            part = self.flat[start : start + parameter.numel()]
            # Laid out in memory as the parameter is: channels-last stays so.
            self.views.append(part.as_strided(parameter.shape, parameter.stride()))
            start += parameter.numel()

    def take(self) -> None:
        """Copy the parameters' gradients."""
        for parameter, view in zip(self.parameters, self.views, strict=True):
            if parameter.grad is None:
                view.zero_()
            else:
                view.copy_(parameter.grad)


def _buckets(parameters: list[Tensor]) -> Iterator[list[Tensor]]:
    """In this order; in each parameters of one type on one device."""
    found: list[Tensor] = []
    size = 0
    for parameter in parameters:
        alike = not found or (parameter.dtype, parameter.device) == (
            found[0].dtype,
            found[0].device,
        )
        if found and (size >= _BUCKET_BYTES or not alike):
            yield found
            found, size = [], 0
        found.append(parameter)
        size += parameter.numel() * parameter.element_size()
    if found:
        yield found
