"""From a conversion to its form of 8 bits, which is known to answer photos alike. Needs torch,
OpenVINO and NNCF.

It is run in a process of its own (`background`): it takes half a minute, and holds Python's lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import logging
import shutil
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from resnet_gui.core.errors import DiskFullError, ImageReadError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.backend import INT8, Crops
from resnet_gui.core.inference.check import Expected, check_pictures, compare, expected_of
from resnet_gui.core.inference.convert import (
    MemoryShortError,
    check_memory,
    raise_what_is_of_the_moment,
    save_forms,
)
from resnet_gui.core.inference.converted import (
    MODEL,
    VERDICT,
    Conversion,
    State,
    Verdict,
    find_conversion,
    keep_within,
    remove_conversion,
)
from resnet_gui.core.inference.eight_bits import (
    ENOUGH,
    MOST,
    EightBits,
    eight_bits_of,
    lock_of,
    place_of,
    spread,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.hardware import is_out_of_memory
from resnet_gui.core.inference.openvino_backend import THROUGHPUT, OpenVinoBackend
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.disk import check_space
from resnet_gui.core.system.locks import Timeout, lock
from resnet_gui.core.system.openvino_import import import_nncf, import_openvino, keeping_locale
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_PATIENCE_S = 0.2
_HELD_OUT = 3  # every so manieth photo: compared, not learned from
MIN_TIMES_AS_FAST = 1.15
_ROUNDS, _ROUND_S = 5, 0.2


def make_eight_bits(entry: ModelEntry, photos: Sequence[Path]) -> None:
    """Make and check a conversion's form of 8 bits, unless there is one; what is known is then on
    the disk. Nothing, where there is no conversion that may be used, or too few photos can be read.

    Args:
        entry: a single model.
        photos: what it is to answer. Two thirds are learned from, one is compared with exact.

    Raises:
        ModelError: the model itself cannot be used.
        OSError: the disk is full or cannot be written; nothing was decided.
        ImportError: NNCF or OpenVINO is not here.
    """
    found = find_conversion(entry)
    if found is None or not worth_making(found):
        return
    try:
        with lock(lock_of(found), _PATIENCE_S):
            if worth_making(found):  # whoever held it meanwhile may have made it
                _make(entry, found, [str(path) for path in photos])
    except Timeout:
        return  # somebody else makes it now


def _make(entry: ModelEntry, found: Conversion, photos: list[str]) -> None:
    before = eight_bits_of(found)
    if before is not None and before.withdrawn:
        # One that was withdrawn knew only these. Half and half, the next one knows both kinds.
        photos = spread(before.photos, MOST // 2) + spread(photos, MOST // 2)
        photos = list(dict.fromkeys(photos))
    photos, crops = _read(spread(photos, MOST), entry.spec.preprocessing)
    if len(crops) < ENOUGH:
        _log.warning("%s: only %d photos could be read", entry.spec.id, len(crops))
        return
    attempts = before.verdict.attempts + 1 if before is not None else 1
    withdrawn = before.withdrawn if before is not None else 0
    known = EightBits(
        Verdict(State.UNFINISHED, attempts=attempts), photos=tuple(photos), withdrawn=withdrawn
    )
    held_out = np.arange(len(crops)) % _HELD_OUT == _HELD_OUT - 1
    place = place_of(found)
    try:
        check_space(found.folder, (found.folder / MODEL).with_suffix(".bin").stat().st_size)
        shutil.rmtree(place, ignore_errors=True)
        write_eight_bits(found, known)  # a try that ends in no way that is known counts
        expected = _expected(entry, crops[held_out])
        known = _made(entry.spec.preprocessing, found, known, crops[~held_out], expected)
    except MemoryShortError as error:
        _log.warning("%s is not made in 8 bits, as %s", entry.spec.id, error)
        _put_back(found, before)
        return
    # These say nothing of the model. The last two: the process was told to end.
    except (OSError, DiskFullError, SystemExit, KeyboardInterrupt):
        _put_back(found, before)
        raise
    if not (place / VERDICT).exists():  # the cache was cleared meanwhile
        _put_back(found, before)
        return
    if not known.usable:
        shutil.rmtree(place, ignore_errors=True)
    write_eight_bits(found, known)
    keep_within(keep=found.folder)


def _put_back(found: Conversion, before: EightBits | None) -> None:
    """Leave what was known before, and nothing where the conversion itself is gone."""
    shutil.rmtree(place_of(found), ignore_errors=True)
    with contextlib.suppress(OSError), lock(found.folder.with_suffix(".lock"), _PATIENCE_S):
        if not (found.folder / VERDICT).exists():
            remove_conversion(found.folder)
        elif before is not None:
            write_eight_bits(found, before)


def _expected(entry: ModelEntry, crops: Crops) -> Expected:
    """What exact answers. Raises MemoryShortError, also where too little is left to go on."""
    exact = open_exact(entry, cpu(), channels_last=True)
    check_memory(exact.network)
    try:
        return expected_of(exact, crops)
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise MemoryShortError("too little memory was free") from error
        raise


def _read(photos: Sequence[str], preprocessing: Preprocessing) -> tuple[list[str], Crops]:
    """Those that can be read, and what the network sees of them."""
    names, crops = [], []
    for name in photos:
        with contextlib.suppress(ImageReadError, MemoryError):
            crops.append(read_crop(ImageSource.file(name), preprocessing, exact=False).pixels)
            names.append(name)
    side = preprocessing.crop
    return names, np.array(crops, np.uint8).reshape(-1, side, side, 3)


def _made(
    preprocessing: Preprocessing,
    found: Conversion,
    known: EightBits,
    crops: Crops,
    expected: Expected,
) -> EightBits:
    """Make it from `crops`, and judge it. Raises OSError, MemoryShortError: nothing can be said of
    it."""
    try:
        if not computes_in_8_bits():
            reason = "this processor does not compute with them"
            return dataclasses.replace(known, verdict=Verdict(State.REFUSED, reason=reason))
        quantize(found.folder, crops)
        verdict = judge(found.folder, preprocessing, expected)
        times = times_as_fast(found, expected.crops)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, MemoryError) as error:
        raise_what_is_of_the_moment(error, place_of(found))
        lines = str(error).strip().splitlines() or [repr(error)]
        reason = f"OpenVINO cannot run it so ({lines[-1][:200]})"
        return dataclasses.replace(known, verdict=Verdict(State.REFUSED, reason=reason))
    if verdict.state is State.CHECKED and times < MIN_TIMES_AS_FAST:
        verdict = Verdict(State.REFUSED, INT8, "it is no faster here")
    weights = (place_of(found) / MODEL).with_suffix(".bin").read_bytes()
    made = hashlib.sha256(weights).hexdigest()[:16]
    return dataclasses.replace(known, verdict=verdict, made=made, times_as_fast=times)


def computes_in_8_bits() -> bool:
    can = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "INT8" in can


def quantize(folder: Path, crops: Crops) -> None:
    """Write a conversion's form of 8 bits, in ranges that NNCF chooses for `crops`: (N, crop, crop,
    3) uint8.

    Raises:
        RuntimeError: it cannot be made, or not be written.
    """
    openvino, nncf = import_openvino(), import_nncf()
    ranges = import_nncf("quantization.range_estimator").RangeEstimatorParametersSet
    model = openvino.Core().read_model(str(folder / MODEL))
    with keeping_locale(), contextlib.redirect_stdout(io.StringIO()):  # bars
        made = nncf.quantize(
            model,
            nncf.Dataset([crop[None] for crop in crops]),
            subset_size=len(crops),
            # The slow way: with the fast one EfficientNet-Lite0 gave 41 of 44 photos the same
            # answer, with this all. Symmetric or not made no difference.
            fast_bias_correction=False,
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # Room for all photos, not for the mean one: what has the clearest answers was cut
                # off, and a ResNet-18 was wrong where it had been surest.
                activations_range_estimator_params=ranges.MINMAX,
                # Old processors overflow with weights of more than 7 bits. Whether this one does,
                # comparing shows.
                overflow_fix=nncf.OverflowFix.DISABLE,
            ),
        )
    save_forms(made, crops.shape[1], folder / INT8)


def judge(folder: Path, preprocessing: Preprocessing, expected: Expected) -> Verdict:
    """Whether it answers as exact does to photos that it was not made from, and with numbers to
    pictures of other kinds.

    Raises:
        RuntimeError: it cannot be run.
    """
    backend = OpenVinoBackend(folder, INT8)
    if not np.isfinite(backend.infer(check_pictures(preprocessing))).all():
        return Verdict(State.REFUSED, INT8, "it answers with no number (NaN)")
    return compare(expected, backend)


def times_as_fast(found: Conversion, crops: Crops) -> float:
    """How many times as fast the form of 8 bits is as the conversion, in photos of a folder.

    By the time that this process computes: others, such as the one that answers the folder now,
    take their turns meanwhile. The median of rounds that alternate.

    Raises:
        RuntimeError: one of the forms fails.
    """
    assert found.verdict is not None
    forms = [
        OpenVinoBackend(found.folder, precision, THROUGHPUT)
        for precision in (found.verdict.precision, INT8)
    ]
    with ThreadPoolExecutor(max(form.threads for form in forms)) as pool:

        def cost(form: OpenVinoBackend) -> float:
            done, began = 0, time.process_time()
            while (used := time.process_time() - began) < _ROUND_S:
                done += len(list(pool.map(form.infer, np.split(crops[:16], 16))))
            return used / done

        for form in forms:
            cost(form)
        ratios = [cost(forms[0]) / cost(forms[1]) for _ in range(_ROUNDS)]
    return statistics.median(ratios)
