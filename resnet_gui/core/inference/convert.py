"""From a torch network to a conversion that is known to answer alike. Needs torch and OpenVINO.

It is run in a process of its own (`background`): tracing a network holds Python's lock for seconds.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import logging
import shutil
import tempfile
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import DiskFullError, ModelError
from resnet_gui.core.inference.check import check_pictures, compare, expected_of
from resnet_gui.core.inference.converted import (
    BEGUN,
    MODEL,
    MODEL_FOR_ONE,
    VERDICT,
    Conversion,
    State,
    Verdict,
    conversion_of,
    conversions_dir,
    keep_within,
    weights_hash,
    write_verdict,
)
from resnet_gui.core.inference.exact import ExactBackend, open_exact
from resnet_gui.core.inference.hardware import is_out_of_memory
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.nets.build import head_name
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.disk import check_space
from resnet_gui.core.system.locks import Timeout, lock
from resnet_gui.core.system.memory import free_memory_bytes
from resnet_gui.core.system.openvino_import import import_openvino, keeping_locale, openvino_version
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_PATIENCE_S = 0.2
_COPIES = 2.2  # the converted weights of both forms, until they are known to be the same
# Memory beyond the loaded network's: for itself, for each byte of weights (as traced, converted and
# compiled) and for each layer (the traced graph; ResNet-1202's 3,600 took more than a GB).
_MEMORY, _MEMORY_OF_WEIGHTS, _MEMORY_OF_LAYER = 250_000_000, 5, 300_000


class MemoryShortError(Exception):
    """Nothing is begun, as the computer would have to swap. The text goes on after “as”."""


def convert(entry: ModelEntry, *, patience_s: float = _PATIENCE_S) -> Iterator[str]:
    """Make and check a model's conversion, unless there is one; the verdict is then on the disk.

    Args:
        patience_s: how long to wait for somebody else who makes it now.

    Yields:
        what comes next: "hash", "network", "convert", "compare", "done".

    Raises:
        ModelError: the model itself cannot be used.
        OSError: the disk is full or cannot be written; nothing was decided.
        ImportError: OpenVINO is not here.
    """
    path = entry.weights_path
    if path is None:
        raise ModelError(f"The weights of “{entry.spec.id}” are not on this computer.")
    yield "hash"
    found = conversion_of(entry.spec, weights_hash(path), openvino_version())
    if found.worth_trying:
        try:
            with lock(found.folder.with_suffix(".lock"), patience_s):
                # Whoever held it meanwhile may have made it.
                found = conversion_of(entry.spec, weights_hash(path), openvino_version())
                if found.worth_trying:
                    yield from _make(entry, found)
        except Timeout:
            return  # somebody else makes it now
    yield "done"


def _make(entry: ModelEntry, conversion: Conversion) -> Iterator[str]:
    folder, before = conversion.folder, conversion.verdict
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    attempts = before.attempts + 1 if before else 1
    write_verdict(folder, Verdict(State.UNFINISHED, attempts=attempts))
    try:
        verdict = yield from _made(entry, folder)
    except MemoryShortError as error:  # which is no attempt
        tried = attempts - 1
        verdict = Verdict(State.UNFINISHED, reason=str(error), attempts=tried)
    except (OSError, DiskFullError, SystemExit):  # the last: the process was told to end
        shutil.rmtree(folder, ignore_errors=True)  # it says nothing of the model
        raise
    if verdict.state is State.REFUSED:
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
    write_verdict(folder, verdict)
    keep_within(keep=folder)


def _made(entry: ModelEntry, folder: Path) -> Generator[str, None, Verdict]:
    """Raises OSError, DiskFullError, MemoryShortError: nothing can be said of the model."""
    yield "network"
    exact = open_exact(entry, cpu())
    check_memory(exact.network)
    size = sum(t.numel() * t.element_size() for t in exact.network.state_dict().values())
    check_space(folder, int(size * _COPIES))
    yield "convert"
    try:
        write_model(exact.network, entry.spec.preprocessing, folder)
        yield "compare"
        return check(exact, folder, entry.spec.preprocessing)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, MemoryError) as error:
        raise_what_is_of_the_moment(error, folder)
        lines = str(error).strip().splitlines() or [repr(error)]
        return Verdict(State.REFUSED, reason=f"OpenVINO cannot run it ({lines[-1][:200]})")


def memory_for(network: nn.Module) -> int:
    """Bytes of main memory that converting and checking a loaded network takes, at most."""
    weights: int = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    layers = sum(1 for module in network.modules() if not any(True for _ in module.children()))
    return _MEMORY + weights * _MEMORY_OF_WEIGHTS + layers * _MEMORY_OF_LAYER


def check_memory(network: nn.Module) -> None:
    """Raises MemoryShortError: less is free than converting or comparing it takes."""
    needed, free = memory_for(network), free_memory_bytes()
    if free < needed:
        raise MemoryShortError(
            f"making it takes about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB were "
            "free"
        )


def computes_in_bf16() -> bool:
    """Whether the processor does; emulated, bfloat16 would be slower than float32."""
    can = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in can


class _Answers(nn.Module):
    """x: (N, 3, H, W) -> logits (N, classes) and, where the network has a linear head, what that
    sees: (N, D)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        try:
            self._head: str | None = head_name(network)
        except ModelError:
            self._head = None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        if self._head is None:
            logits: Tensor = self.network(x)
            return logits
        seen: list[Tensor] = []
        head = self.network.get_submodule(self._head)
        handle = head.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        try:
            logits = self.network(x)
        finally:
            handle.remove()
        return (logits, seen[0]) if seen and seen[0].ndim == 2 else logits


def write_model(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """Write a network as OpenVINO's model, for any number of photos and for one: (N, crop, crop, 3)
    uint8 in; logits and features out. Scaling and normalising are part of it; all numbers stay
    float32.

    Raises:
        RuntimeError: it cannot be converted, or not be written.
    """
    openvino = import_openvino()
    preprocess = import_openvino("preprocess")
    side = preprocessing.crop
    example = torch.zeros(2, 3, side, side)
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls the tracing that OpenVINO uses deprecated
        model = openvino.convert_model(_Answers(network), example_input=example)
    model.reshape([-1, 3, side, side])
    steps = preprocess.PrePostProcessor(model)
    taken = steps.input(0)
    taken.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    taken.tensor().set_shape([-1, side, side, 3])
    taken.model().set_layout(openvino.Layout("NCHW"))
    work: Any = taken.preprocess().convert_element_type(openvino.Type.f32)
    work.mean([255 * value for value in preprocessing.mean])
    work.scale([255 * value for value in preprocessing.std])
    save_forms(steps.build(), side, folder)


def save_forms(model: Any, side: int, folder: Path) -> None:
    """Write an OpenVINO model for any number of photos and for one. side: of its input, in pixels.

    Raises:
        RuntimeError: it cannot be written.
    """
    openvino = import_openvino()
    # Beside it first: a model of which only a part is there is never found.
    with tempfile.TemporaryDirectory(dir=conversions_dir(), prefix=BEGUN) as beside:
        written = Path(beside) / MODEL, Path(beside) / MODEL_FOR_ONE
        with keeping_locale():
            openvino.save_model(model, str(written[0]), compress_to_fp16=False)
            model.reshape([1, side, side, 3])
            openvino.save_model(model, str(written[1]), compress_to_fp16=False)
        _share(*(path.with_suffix(".bin") for path in written))
        for path in sorted(Path(beside).iterdir()):  # the weights before what names them
            path.replace(folder / path.name)


def _share(weights: Path, other: Path) -> None:
    """Let a file be another name of the one that it is equal to, where the disk has such names."""
    with contextlib.suppress(OSError):
        if filecmp.cmp(weights, other, shallow=False):
            again = other.with_suffix(".again")
            again.hardlink_to(weights)
            again.replace(other)


def check(exact: ExactBackend, folder: Path, preprocessing: Preprocessing) -> Verdict:
    """Compare a conversion with exact on real photos, in each precision that may be used.

    Returns:
        the verdict on the fastest that is good enough, or on float32 if not even that is.

    Raises:
        RuntimeError: the conversion cannot be run.
    """
    expected = expected_of(exact, check_pictures(preprocessing))
    verdict = compare(expected, OpenVinoBackend(folder, "fp32"))
    if verdict.state is State.CHECKED and computes_in_bf16():
        half = compare(expected, OpenVinoBackend(folder, "bf16"))
        if half.state is State.CHECKED:
            return half
        _log.info("%s stays in fp32: in bf16 %s", folder.name, half.reason)
    return verdict


def raise_what_is_of_the_moment(error: Exception, folder: Path) -> None:
    """Nothing, if an error says something of what is made in a folder.

    Raises:
        OSError: the disk is full, or the cache was cleared meanwhile.
        MemoryShortError: memory ran out.
    """
    if "No space left" in str(error) or "disk space" in str(error):
        raise OSError(errno.ENOSPC, "no space left", str(folder)) from error
    # A thread takes memory for its stack.
    if is_out_of_memory(error) or "can't start new thread" in str(error):
        raise MemoryShortError("too little memory was free") from error
    if not (folder / VERDICT).exists():
        raise OSError(errno.ENOENT, "the cache was cleared meanwhile", str(folder)) from error
