"""The header of our model files, without torch.

A model is ONE `.safetensors` file. Its header's metadata (str -> str) holds one key,
`resnet_gui`, whose value is one versioned JSON object: architecture, classes, preprocessing,
metrics and provenance. So a file dropped on the window is enough to use it.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DepthError, ModelFileError
from resnet_gui.core.header_schema import DESCRIPTION, HeaderValueError, shown_name
from resnet_gui.core.nets.registry import find_architecture
from resnet_gui.core.nets.schema import read_options
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.documents import text
from resnet_gui.core.system.files import open_regular
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing

SUFFIX = ".safetensors"
METADATA_KEY = "resnet_gui"
FORMAT_VERSION = 1
MAX_HEADER_BYTES = 16 * 1024 * 1024
# What foreign JSON can raise: endless nesting and infinite numbers are among it.
_UNREADABLE = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError,
)  # fmt: skip
# Types of numbers that safetensors knows, and the bits of one.
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "I64": 64, "U64": 64,
    "F64": 64,
}  # fmt: skip
_MAX_DIMENSIONS = 8
_NOT_PARAMETERS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Name, dtype ("F32") and shape of one tensor in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * _BITS[self.dtype] // 8

    @property
    def fractions(self) -> bool:
        """Whether it holds fractions, not whole numbers."""
        return self.dtype.startswith(("F", "BF"))


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """All that stands before the weights.

    Attributes:
        document: the description; every field of `header_schema.DESCRIPTION` is in it, and right.
    """

    document: dict[str, Any]
    tensors: tuple[TensorInfo, ...]

    @property
    def id(self) -> str:
        """The model's id; "" in files of version 0, which the file's name stands for."""
        return str(self.document["id"]).strip()

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
    metadata, tensors = read_tensors(path)
    if METADATA_KEY not in metadata:
        raise ModelFileError(
            path,
            f"{path.name} holds weights, but does not say which architecture and classes.",
            "Only model files that this program saved can be added like this.",
        )
    return ModelHeader(_document(path, metadata[METADATA_KEY]), tensors)


def read_tensors(path: Path) -> tuple[dict[str, str], tuple[TensorInfo, ...]]:
    """What any `.safetensors` file says before its weights: its metadata, and the tensors.

    All that the format promises is checked: each tensor has exactly the bytes of its type and
    shape, and they follow each other to the file's end.

    Raises:
        ModelFileError: unreadable, damaged, cut off, or larger than any model.
    """
    name = path.name
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
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
        metadata = header.pop("__metadata__", None) or {}
        if not all(isinstance(value, str) for value in metadata.values()):
            raise TypeError("metadata that is no text")
        described = [_tensor(key, value) for key, value in header.items()]
        end = 0
        for begin, tensor_end, tensor in sorted(described, key=lambda item: item[:2]):
            if begin != end or tensor_end - begin != tensor.bytes:
                raise ValueError(f"{tensor.name!r} is not where the one before it ends")
            end = tensor_end
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
    return metadata, tuple(tensor for _, _, tensor in described)


def _tensor(name: str, value: dict[str, Any]) -> tuple[int, int, TensorInfo]:
    """Begin, end and description of one tensor.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is described wrongly.
    """
    shape, (begin, end) = value["shape"], value["data_offsets"]
    numbers = [*shape, begin, end]
    # Sides without end, as of a number with a thousand digits, are cheap to write and long to
    # multiply: so each is checked, not only their product.
    if len(shape) > _MAX_DIMENSIONS or not all(type(n) is int and 0 <= n < 2**48 for n in numbers):
        raise ValueError("a shape or place that no file can have")
    return begin, end, TensorInfo(name, _known_dtype(value["dtype"]), tuple(shape))


def _known_dtype(value: Any) -> str:
    if value not in _BITS:
        raise ValueError("an unknown type of numbers")
    return str(value)


def _document(path: Path, text: str) -> dict[str, Any]:
    """The description, every value checked (see `header_schema`)."""
    try:
        document = json.loads(text)
        version = document["format"]
        if isinstance(version, bool) or int(version) != version:
            raise ValueError("a version that is no number")
    except _UNREADABLE as error:
        raise ModelFileError(
            path, f"{path.name} is damaged: its description cannot be read.", "Copy it again."
        ) from error
    if version > FORMAT_VERSION:
        shown = version if version < 10**9 else "far above"
        raise ModelFileError(
            path,
            f"{path.name} was saved by a newer version of this program (format {shown}, "
            f"this one reads up to {FORMAT_VERSION}).",
            "Update the program.",
        )
    try:
        found = DESCRIPTION.read(document, "the description")
        architecture = find_architecture(found["architecture"])
        if architecture is not None:
            options = document.get("architecture_options") or {}
            found["architecture_options"] = read_options(architecture, options)
    except (HeaderValueError, DepthError) as error:
        reason = str(error).rstrip(".")
        raise ModelFileError(
            path,
            f"{path.name}: its description is incomplete or wrong ({reason}).",
            "Ask whoever made the file to save it again.",
        ) from error
    if architecture is None:
        raise ModelFileError(
            path,
            f"{path.name}: this version of the program does not know the architecture "
            f"“{found['architecture']}”.",
            "Update the program.",
        )
    if not found["classes"]:
        raise ModelFileError(
            path,
            f"{path.name} names no classes.",
            "Ask whoever made the file to save it again.",
        )
    return found


def spec_from_header(path: Path, header: ModelHeader, provider: str) -> ModelSpec:
    """The zoo's entry for a model file.

    Raises:
        ModelFileError: the file is gone.
    """
    document, made_by = header.document, header.document["provenance"]
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error
    return ModelSpec(
        id=header.id or path.stem,
        title=document["title"] or shown_name(path.stem),
        family=document["family"] or "Your models",
        architecture=document["architecture"],
        provider=provider,
        dataset=document["dataset"],
        classes=document["classes"],
        preprocessing=Preprocessing.from_json(document["preprocessing"]),
        parameters=header.parameters,
        gflops=document["gflops"],
        top1=document["top1"],
        top5=document["top5"],
        bytes=size,
        licence=document["licence"],
        path=path,
        notes=document["notes"],
        architecture_options=document["architecture_options"],
        metrics=document["metrics"],
        calibration=Calibration.from_json(document["calibration"]),
        run_id=text(made_by.get("run_id"), 100),
        base_model=text(made_by.get("base_model"), 255),
    )


def model_id(path: Path) -> str:
    """The id of a model file.

    Raises:
        ModelFileError: as `read_header`.
    """
    return read_header(path).id or path.stem


def copy_model(source: Path, target: Path, **changes: Any) -> None:
    """Copy a model file with other values in its description; its weights stay as they are.

    Raises:
        ModelFileError: the source is damaged. OSError: it cannot be copied.
    """
    document = read_header(source).document | changes
    with open_regular(source) as reading, target.open("wb") as writing:
        header = json.loads(reading.read(struct.unpack("<Q", reading.read(8))[0]))
        header["__metadata__"][METADATA_KEY] = dump_json(document)
        raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        raw += b" " * (-len(raw) % 8)  # safetensors aligns the tensors to 8 bytes
        writing.write(struct.pack("<Q", len(raw)) + raw)
        shutil.copyfileobj(reading, writing, 1024 * 1024)


def document_for(spec: ModelSpec, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON value that describes `spec` in a model file (see `header_schema`)."""
    calibration = spec.calibration.to_json()
    return {
        "format": FORMAT_VERSION,
        "id": spec.id,
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
        **({"calibration": calibration} if calibration else {}),
        "provenance": provenance or {},
    }
