"""All that decides a model's answer beside the photo: what kept answers are found by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from resnet_gui import __version__
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import LIBRARIES
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo.spec import ModelSpec

FORMAT_VERSION = 1  # of what is kept of an answer
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Way:
    """A model in one of its forms on one device.

    Attributes:
        spec: the model. device: what computes.
        digest: a hash of its weights, architecture, classes, preprocessing and calibration, of how
            often it looks at a photo, of the backend, its precision and the device, and of the
            versions of the libraries and of this program, which reads photos and names kinds in its
            way. The exact and the fast form of one model are two ways.
    """

    spec: ModelSpec
    device: DeviceInfo
    digest: bytes

    @property
    def name(self) -> str:
        """The digest, hexadecimal."""
        return self.digest.hex()


def way_of(
    spec: ModelSpec,
    weights_sha256: str,
    backend: str,
    precision: str,
    device: DeviceInfo,
    made: str = "",
) -> Way:
    """The way of a model with these weights through this backend. made: as `Backend.made`."""
    what: dict[str, object] = {
        "format": FORMAT_VERSION,
        "weights": weights_sha256,
        "architecture": spec.architecture,
        "options": spec.architecture_options,
        "classes": spec.classes,
        "preprocessing": spec.preprocessing.to_json(),
        "calibration": spec.calibration.to_json(),
        "backend": [backend, precision, version_of(LIBRARIES.get(backend, "")), *made.split()],
        "device": [device.kind, device.name, *([device.driver] if device.driver else [])],
        "versions": [__version__, version_of("pillow")],
    }
    if spec.views:
        what["views"] = spec.views
    text = json.dumps(what, sort_keys=True, default=str)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
    return Way(spec, device, digest.digest())
