"""The header of our model files, without torch.

A model is ONE `.safetensors` file. Its header's metadata (str -> str) holds one key,
`resnet_gui`, whose value is one versioned JSON object: architecture, classes, preprocessing,
metrics and provenance. So a file dropped on the window is enough to use it.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing

SUFFIX = ".safetensors"
METADATA_KEY = "resnet_gui"
FORMAT_VERSION = 1
MAX_HEADER_BYTES = 16 * 1024 * 1024
# What foreign JSON can raise: endless nesting and infinite numbers are among it.
_UNREADABLE = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError,
)  # fmt: skip
_NOT_PARAMETERS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Name, dtype ("F32") and shape of one tensor in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """All that stands before the weights."""

    document: dict[str, Any]
    tensors: tuple[TensorInfo, ...]

    @property
    def parameters(self) -> int:
        """Number of trained values (BatchNorm statistics are not among them)."""
        return sum(
            math.prod(tensor.shape)
            for tensor in self.tensors
            if not tensor.name.endswith(_NOT_PARAMETERS)
        )


def read_header(path: Path) -> ModelHeader:
    """Read and check a model file's header; the weights stay on disk.

    Raises:
        ModelFileError: unreadable, damaged, cut off, too new, or no model of this program.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            prefix = file.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            if not 2 <= length <= MAX_HEADER_BYTES or 8 + length > size:
                raise ModelFileError(
                    path, f"{name} is not a model file, or it is cut off.", "Copy it again."
                )
            raw = file.read(length)
    except OSError as error:
        raise ModelFileError(path, f"{name} could not be read ({error.strerror}).") from error
    try:
        header = json.loads(raw)
        metadata = header.pop("__metadata__", {})
        tensors = tuple(
            TensorInfo(key, str(value["dtype"]), tuple(int(side) for side in value["shape"]))
            for key, value in header.items()
        )
        if any(side < 0 for tensor in tensors for side in tensor.shape):
            raise ValueError("a negative shape")
        end = max((int(value["data_offsets"][1]) for value in header.values()), default=0)
    except _UNREADABLE as error:
        raise ModelFileError(
            path, f"{name} is damaged: its header cannot be read.", "Copy it again."
        ) from error
    expected = 8 + length + end
    if size < expected:
        raise ModelFileError(
            path, f"{name} is cut off: {size:,} of {expected:,} bytes are there.", "Copy it again."
        )
    if size > expected:
        raise ModelFileError(
            path,
            f"{name} is damaged: it has {size:,} bytes, but describes {expected:,}.",
            "Copy it again.",
        )
    if not isinstance(metadata, dict) or METADATA_KEY not in metadata:
        raise ModelFileError(
            path,
            f"{name} holds weights, but does not say which architecture and classes.",
            "Only model files that this program saved can be added like this.",
        )
    return ModelHeader(_document(path, metadata[METADATA_KEY]), tensors)


def _document(path: Path, text: Any) -> dict[str, Any]:
    try:
        document = json.loads(text)
        version = int(document["format"])
    except _UNREADABLE as error:
        raise ModelFileError(
            path, f"{path.name} is damaged: its description cannot be read.", "Copy it again."
        ) from error
    if version > FORMAT_VERSION:
        raise ModelFileError(
            path,
            f"{path.name} was saved by a newer version of this program (format {version}, "
            f"this one reads up to {FORMAT_VERSION}).",
            "Update the program.",
        )
    assert isinstance(document, dict)
    return document


def spec_from_header(path: Path, header: ModelHeader, provider: str) -> ModelSpec:
    """The zoo's entry for a model file.

    Raises:
        ModelFileError: a field is missing or wrong; the text names it.
    """
    document = header.document
    try:
        if not isinstance(document["classes"], list):
            raise TypeError("classes is not a list")
        classes = tuple(str(label) for label in document["classes"])
        architecture = str(document["architecture"])
        options = dict(document.get("architecture_options") or {})
        preprocessing = Preprocessing.from_json(document["preprocessing"])
        metrics = dict(document.get("metrics") or {})
        gflops, top1, top5 = (_number(document.get(key)) for key in ("gflops", "top1", "top5"))
        size = path.stat().st_size
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error
    except _UNREADABLE as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(
            path,
            f"{path.name}: its description is incomplete or wrong ({reason}).",
            "Ask whoever made the file to save it again.",
        ) from error
    if not classes:
        raise ModelFileError(
            path,
            f"{path.name} names no classes.",
            "Ask whoever made the file to save it again.",
        )
    return ModelSpec(
        id=path.stem,
        title=str(document.get("title") or path.stem),
        family=str(document.get("family") or "Your models"),
        architecture=architecture,
        provider=provider,
        dataset=str(document.get("dataset") or ""),
        classes=classes,
        preprocessing=preprocessing,
        parameters=header.parameters,
        gflops=gflops,
        top1=top1,
        top5=top5,
        bytes=size,
        licence=str(document.get("licence") or ""),
        path=path,
        notes=str(document.get("notes") or ""),
        architecture_options=options,
        metrics=metrics,
    )


def document_for(spec: ModelSpec, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON value that describes `spec` in a model file (see `spec_from_header`)."""
    return {
        "format": FORMAT_VERSION,
        "title": spec.title,
        "family": spec.family,
        "architecture": spec.architecture,
        "architecture_options": spec.architecture_options,
        "classes": list(spec.classes),
        "preprocessing": spec.preprocessing.to_json(),
        "dataset": spec.dataset,
        "gflops": spec.gflops,
        "top1": spec.top1,
        "top5": spec.top5,
        "licence": spec.licence,
        "notes": spec.notes,
        "metrics": spec.metrics,
        "provenance": provenance or {},
    }


def _number(value: Any) -> float | None:
    number = None if value is None else float(value)
    if number is not None and not math.isfinite(number):
        raise ValueError(f"{number} is no figure")
    return number
