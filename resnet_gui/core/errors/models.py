"""What can be wrong with a model or its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resnet_gui.core.errors.base import ResNetGuiError


class ModelError(ResNetGuiError):
    """Something is wrong with a model."""


class UnknownModelError(ModelError):
    """No model of this id. `similar` are ids that look like it."""

    mistaken = True

    def __init__(self, model_id: str, similar: Sequence[str] = ()) -> None:
        self.model_id = model_id
        self.similar = tuple(similar)
        hint = f"Did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(
            f"There is no model “{model_id}”.",
            f"{hint} “resnet-gui models” lists them all.".strip(),
        )


class WeightsMissingError(ModelError):
    """The model is known but its weights are not on this computer."""

    def __init__(self, model_id: str, advice: str) -> None:
        self.model_id = model_id
        super().__init__(f"The weights of “{model_id}” are not on this computer.", advice)


class ModelFileError(ModelError):
    """A model file is damaged, too new, or not a model of this program."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class CheckpointMismatchError(ModelFileError):
    """The weights do not fit the architecture: `expected` and `found` name both."""

    def __init__(self, path: str | Path, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"{Path(path).name}: the weights do not fit the architecture (expected {expected}, "
            f"found {found}).",
            "Choose the model that the file was made for.",
        )


class DepthError(ModelError):
    """A residual network has no such depth. `nearest` has the nearest ones that exist."""

    mistaken = True

    def __init__(self, depth: int, rule: str, nearest: Sequence[int]) -> None:
        self.depth = depth
        self.rule = rule
        self.nearest = tuple(nearest)
        is_or_are = "is" if len(self.nearest) == 1 else "are"
        super().__init__(
            f"There is no such network of depth {depth}: its depths are {rule}.",
            f"The nearest {is_or_are} {' and '.join(map(str, nearest))}.",
        )
