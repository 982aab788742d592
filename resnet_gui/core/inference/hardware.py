"""What the device can do: precision, memory layout, how much memory is left. Needs torch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import OutOfMemoryError, RunConfigError
from resnet_gui.core.runs.config import Precision, Switch
from resnet_gui.core.system import garbage
from resnet_gui.core.system.memory import process_memory_bytes

_OOM_TEXTS = (
    "out of memory", "DefaultCPUAllocator", "can't allocate memory",
    "Failed to allocate", "bad allocation", "bad_alloc",  # OpenVINO's
)  # fmt: skip


def resolve_precision(wanted: Precision, device_kind: str) -> str:
    """ "fp32", "bf16" or "fp16". AUTO takes the half precision that the hardware computes in:
    measured on a CPU with AVX512-BF16, bfloat16 makes a forward pass 1.5 to 2 times faster.

    Raises:
        RunConfigError: the device cannot do what is wanted.
    """
    cuda = device_kind.startswith("cuda")
    if wanted is Precision.FP16 and not cuda:
        raise RunConfigError(
            "precision", "Half precision (fp16) needs an NVIDIA GPU.", "Choose auto or bf16."
        )
    if wanted is not Precision.AUTO:
        return wanted.value
    if cuda:
        return "bf16" if torch.cuda.get_device_capability(device_kind)[0] >= 8 else "fp16"
    if device_kind == "cpu":
        # Emulated bfloat16 is slower than float32, so the instructions have to be there.
        native = any(_cpu_flag(name) for name in ("avx512_bf16", "amx_bf16"))
        return "bf16" if native else "fp32"
    return "fp32"


def use_channels_last(wanted: Switch, device_kind: str, precision: str) -> bool:
    """Channels-last gains on the CPU, and on GPUs with half precision (tensor cores)."""
    if wanted is not Switch.AUTO:
        return wanted is Switch.ON
    return device_kind == "cpu" or (device_kind.startswith("cuda") and precision != "fp32")


def autocast(
    device_kind: str, precision: str, *, cache: bool = True
) -> contextlib.AbstractContextManager[Any]:
    """Mixed precision for a forward pass (per thread).

    Args:
        cache: whether weights that were cast are kept until its end. A CUDA graph may not use what
            was cast before it was captured.
    """
    if precision == "fp32":
        return contextlib.nullcontext()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float16
    return torch.autocast(device_kind.split(":", maxsplit=1)[0], dtype, cache_enabled=cache)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OOM_TEXTS)


def release_memory(device_kind: str) -> None:
    """Give unused memory back after an out-of-memory error."""
    garbage.collect()
    if device_kind.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device_kind == "mps":
        torch.mps.empty_cache()


def used_memory_mb(device_kind: str) -> float:
    """Peak memory of the device that torch took; of the CPU, the process's resident size now."""
    if device_kind.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device_kind) / 2**20
    if device_kind == "mps":
        return torch.mps.driver_allocated_memory() / 2**20
    return process_memory_bytes() / 2**20


class Forward:
    """Evaluation passes that fit into memory: on an out-of-memory error the batch is halved, and
    stays halved.

    Attributes:
        largest: how many photos go through at once.
    """

    def __init__(self, device_kind: str, precision: str, largest: int) -> None:
        self.device_kind = device_kind
        self.precision = precision
        self.largest = largest
        if device_kind.startswith("cuda"):
            # By default cuDNN rounds what it multiplies to 10 bits (TF32): no float32.
            torch.backends.cudnn.allow_tf32 = False

    def __call__(
        self, module: nn.Module, prepare: Callable[[int, int], Tensor], count: int
    ) -> Tensor:
        """module(prepare(start, stop)) for all of `count` inputs, in as few passes as fit.

        Returns:
            (count, …) float32 on the CPU.

        Raises:
            OutOfMemoryError: not even one fits.
        """
        results: list[Tensor] = []
        start = 0
        while start < count:
            stop = min(start + self.largest, count)
            result = self._try(module, prepare, start, stop)
            if result is None:
                if self.largest == 1:
                    raise out_of_memory(self.device_kind)
                self.largest = max(1, self.largest // 2)
                release_memory(self.device_kind)
                continue
            results.append(result)
            start = stop
        return torch.cat(results)

    def _try(
        self, module: nn.Module, prepare: Callable[[int, int], Tensor], start: int, stop: int
    ) -> Tensor | None:
        try:
            with torch.inference_mode(), autocast(self.device_kind, self.precision):
                result: Tensor = module(prepare(start, stop)).float().cpu()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None
        return result


def out_of_memory(device_kind: str) -> OutOfMemoryError:
    where = "main memory" if device_kind == "cpu" else "graphics memory"
    return OutOfMemoryError(
        f"Not even one photo at a time fits into the {where}.",
        "Close other programs, choose a smaller model or a smaller image_size, or train the head "
        "alone.",
    )


def _cpu_flag(name: str) -> bool:
    try:
        return name in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").split()
    except OSError:
        return False
