"""How far the fast ways are from exact, network by network: `python -m benchmarks precision`.

All differences are the largest one of a logit, as a share of the largest |logit|; what is compared
with what stands in `tests/helpers/precision.py`.

Kinds: "trained" (the models that are here with weights); random weights with the BatchNorm of
trained networks ("lifelike"), with scales about 1 everywhere ("harsh"), and after the first 60
steps of a training ("begun"): `tests/helpers/lifelike.py`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.models import table, versions
from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.backend import Crops
from resnet_gui.core.inference.convert import computes_in_bf16
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.preprocess import crop_photo
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import Zoo
from tests.helpers.architectures import all_architectures
from tests.helpers.lifelike import begun_network, harsh_network, lifelike_network, photo_crops
from tests.helpers.precision import Measured, measure, preprocessing_for

KINDS = {"begun": begun_network, "lifelike": lifelike_network, "harsh": harsh_network}
HEADER = (
    "network", "photos", "enlarged", "torch / float64", "OpenVINO fp32 / float64",
    "OpenVINO fp32 / exact", "OpenVINO bf16 / exact", "torch bf16 / exact", "same first answer",
)  # fmt: skip


def row(name: str, found: Measured) -> tuple[str, ...]:
    small = (found.exact, found.fp32_true, found.fp32)
    return (
        name,
        str(found.photos),
        f"{found.enlarged:.3g}",
        *(f"{value:.1e}" for value in small),
        *(f"{value:.2%}" for value in (found.bf16, found.own_bf16)),
        f"{found.same} of {found.sure}",
    )


def photos_in(folder: str, preprocessing: Preprocessing, count: int) -> Crops:
    """Crops of a folder's first photos; without a folder, of scikit-image's (others than those that
    the statistics were measured on)."""
    if not folder:
        return photo_crops(preprocessing.crop, count, seed=1)
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    crops = []
    for path in paths[:count]:
        with decoded(ImageSource.file(path)) as photo:
            crops.append(np.asarray(crop_photo(photo.image, preprocessing), dtype=np.uint8))
    return np.stack(crops)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks precision", description=__doc__)
    parser.add_argument("--kinds", default="trained,begun,lifelike,harsh")
    parser.add_argument("--photos", default="", help="a folder of photos (default: scikit-image's)")
    parser.add_argument("--count", type=int, default=24, help="photos (default: 24)")
    parser.add_argument("--only", default="", help="ids, with commas between (default: all)")
    options = parser.parse_args()
    if not computes_in_bf16():
        raise SystemExit("This processor does not compute in bfloat16.")
    print(f"# {versions()}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["RESNET_GUI_HOME"] = home
        specs, zoo = all_architectures(), Zoo.standard()
        here = {entry.spec.id for entry in zoo.entries() if entry.state.ready}
        wanted = options.only.split(",") if options.only else list(specs)
        for kind in options.kinds.split(","):
            print(f"\n{kind}\n\n" + table(HEADER, []), flush=True)
            for name in wanted:
                spec, started = specs[name], time.monotonic()
                preprocessing = spec.preprocessing if kind == "trained" else preprocessing_for(spec)
                if kind != "trained":
                    network = KINDS[kind](spec, preprocessing)
                elif name in here:
                    network = open_exact(zoo.ready(name), cpu()).network
                else:
                    continue
                crops = photos_in(options.photos, preprocessing, options.count)
                cells = row(name, measure(network, preprocessing, crops))
                took = time.monotonic() - started
                print("| " + " | ".join(cells) + f" | <!-- {took:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
