"""Import all that a training needs at once, so that it can be done gently (`gentle_import`)."""

from __future__ import annotations

import torch

from resnet_gui.core.training.api import resume, train


def import_all() -> None:
    """The first optimizer imports torch._dynamo and sympy (900 modules, 1.3 s); left to the run,
    garbage collections over them would stall the other threads in the middle of it."""
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)


__all__ = ["import_all", "resume", "train"]
