"""The backbone's features in a run's directory, so that a resume takes no second pass over the
photos. Needs torch."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.system.tensor_files import write_tensors
from resnet_gui.core.training.data.features import Features

_FEATURES_KEY, _FAILURES_KEY = "resnet_gui_features", "failures"


def save_features(path: Path, backbone: str, features: Features) -> None:
    """Keep features. They can be computed again, so a full disk is left to what cannot."""
    tensors = {
        "train": features.train.contiguous(),
        "train_indices": features.train_indices,
        "val": features.val.contiguous(),
        "val_indices": features.val_indices,
    }
    # As one JSON value: the names of files may hold bytes that are no text.
    failures = {_FAILURES_KEY: json.dumps(features.failures)}
    with contextlib.suppress(OSError):
        write_tensors(path, tensors, {_FEATURES_KEY: backbone, **failures})


def load_features(
    path: Path, backbone: str, width: int, train_photos: int, val_photos: int
) -> Features | None:
    """The kept features, or None if there are none that fit: they can be computed again.

    Args:
        backbone: hash of the backbone. width: how many numbers the head takes for a photo.
        train_photos, val_photos: how many the split has; not each of them need have features.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get(_FEATURES_KEY) != backbone:
                return None
            failures = parse_json(metadata[_FAILURES_KEY])
            names = ("train", "train_indices", "val", "val_indices")
            # clone: aligned as the first sitting's were, so that results are equal to the last bit
            tensors = [file.get_tensor(name).clone() for name in names]
            failed = tuple((str(name), str(message)) for name, message in failures)
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None
    features = Features(tensors[0], tensors[1], tensors[2], tensors[3], failed)
    fits = _fit(features.train, features.train_indices, width, train_photos)
    fits = fits and _fit(features.val, features.val_indices, width, val_photos)
    return features if fits else None


def _fit(x: torch.Tensor, rows: torch.Tensor, width: int, photos: int) -> bool:
    """Whether these are features: one row of finite numbers for each of some photos."""
    if rows.dtype != torch.int64 or rows.ndim != 1 or x.dtype != torch.float32:
        return False
    if x.shape != (len(rows), width) or not bool(torch.isfinite(x).all()):
        return False
    numbers = rows.tolist()
    return len(set(numbers)) == len(numbers) and all(0 <= n < photos for n in numbers)
