"""A converted model that answers through OpenVINO, on the CPU or another device. No torch here."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

import numpy as np

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import INT8, OPENVINO, Backend, Crops, Pooling, Rows
from resnet_gui.core.inference.converted import COMPILED, MODEL, MODEL_FOR_ONE
from resnet_gui.core.system.openvino_import import import_openvino, keeping_locale
from resnet_gui.core.system.priority import begun_behind
from resnet_gui.core.system.processor import cpu_name

_log = logging.getLogger(__name__)
_HINTS = {"bf16": "bf16", "fp16": "f16", "fp32": "f32"}
LATENCY, THROUGHPUT = "LATENCY", "THROUGHPUT"
# Callers for each call that is computed at a time. OpenVINO computes in threads of its own: with no
# more callers than those, a core is idle whenever both a caller and what it waits for want the
# other one (a sixth of the time of two cores, measured).
_CALLERS = 2
_LOGITS, _FEATURES = 0, 1  # the outputs' order, see `convert`


class _Alone:
    """The first call of the process comes alone. OpenVINO's binding prepares what it needs at the
    first use of a tensor, and two threads that do so at once wait for each other for ever (seen
    with 2026.4.1 in 2 of 45 processes, in `Type.to_dtype`)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.done = False


_alone = _Alone()


def openvino_device(precision: str = "") -> DeviceInfo:
    return DeviceInfo("cpu", f"{cpu_name()}, OpenVINO{', 8 bits' if precision == INT8 else ''}")


class OpenVinoBackend(Backend):
    """May be called from several threads at once: each call uses a request that nobody else does.

    Args of the constructor:
        folder: of the conversion.
        precision: "bf16", "fp32" or INT8, for which the folder holds a model of its own; on other
            devices than the CPU "fp16" or "fp32".
        goal: LATENCY (all cores work on one call) or THROUGHPUT (several calls beside each other).
        device, place: of OpenVINO's, if not the CPU, and the folder of what is kept for it. There
            photos always go alone: an NPU has to know all sizes. Features come from the CPU, as
            they are always computed in float32.
        made: of a model of 8 bits, as in the protocol.

    Raises:
        ImportError: OpenVINO cannot be loaded.
        RuntimeError: the conversion cannot be read or compiled.
    """

    def __init__(
        self,
        folder: Path,
        precision: str,
        goal: str = LATENCY,
        *,
        device: DeviceInfo | None = None,
        place: Path | None = None,
        made: str = "",
    ) -> None:
        self.name, self.precision, self.made = OPENVINO, precision, made
        self.device = device or openvino_device(precision)
        self._folder, self._goal = folder, goal
        self._models = folder / INT8 if precision == INT8 else folder
        self._tensor: Any = import_openvino().Tensor
        self._elsewhere, self._place = device, place
        if device is not None:
            self._compiled = _compile_on(device, folder / MODEL_FOR_ONE, precision, goal, place)
        else:
            # Photos come alone where one is waited for.
            model = MODEL_FOR_ONE if goal == LATENCY else MODEL
            self._compiled = _compile(self._models, model, precision, goal)
        self.threads = 1
        if goal == THROUGHPUT:
            best = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            self.threads = _CALLERS * best
        self._idle: LifoQueue[Any] = LifoQueue()
        self._lock = threading.Lock()
        self._several: tuple[Any, LifoQueue[Any]] | None = None  # see `_form_for`
        self._many: OpenVinoBackend | None = None
        self._whole: OpenVinoBackend | None = None

    def infer(self, crops: Crops) -> Rows:
        return self._run(crops, _LOGITS)[0]

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        outputs = (_LOGITS, _FEATURES)[: len(self._compiled.outputs)]
        logits, *seen = self._run(crops, *outputs)
        return logits, seen[0] if seen else None

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        """As the protocol's, always in float32: they are kept and compared."""
        if pooling is not Pooling.AVG or len(self._compiled.outputs) <= _FEATURES:
            raise ModelError("Features of this kind are only known to the exact way.")
        if self.precision == "fp32" and self._elsewhere is None:
            return self._run(crops, _FEATURES)[0]
        with self._lock:
            if self._whole is None:
                self._whole = OpenVinoBackend(self._folder, "fp32", self._goal)
        return self._whole.features(crops)

    def quick_features(self, crops: Crops) -> Rows:
        """As `features`, in the precision of the answers."""
        return self._run(crops, _FEATURES)[0]

    def for_many(self) -> OpenVinoBackend:
        if self._goal == THROUGHPUT:
            return self
        with self._lock:
            if self._many is None:
                try:
                    self._many = OpenVinoBackend(
                        self._folder, self.precision, THROUGHPUT,
                        device=self._elsewhere, place=self._place, made=self.made,
                    )  # fmt: skip
                except RuntimeError as error:  # the cache was cleared meanwhile
                    _log.warning("no backend for many: %s", error)
                    return self
            return self._many

    def _run(self, crops: Crops, *outputs: int) -> list[Rows]:
        if _alone.done:
            return self._infer(crops, *outputs)
        with _alone.lock:
            rows = self._infer(crops, *outputs)
            _alone.done = True
            return rows

    def _infer(self, crops: Crops, *outputs: int) -> list[Rows]:
        form = self._form_for(len(crops))
        if form is None:
            each = [self._infer(crops[n : n + 1], *outputs) for n in range(len(crops))]
            return [np.concatenate(rows) for rows in zip(*each, strict=True)]
        compiled, idle = form
        try:
            request = idle.get_nowait()
        except Empty:
            request = compiled.create_infer_request()
        # A tensor over the array's own memory, which lives until all is read. Where it is given
        # the array itself, OpenVINO's Python takes 0.2 ms to find out what that is.
        taken = np.require(crops, np.uint8, ("C", "W"))
        request.set_input_tensor(self._tensor(taken, shared_memory=True))
        # In line for OpenVINO's threads, also where nobody else waits: more calls of `infer` than
        # there are of those would each begin another one.
        request.start_async()
        request.wait()
        # Copied: the request's memory belongs to its next call.
        rows: list[Rows] = [
            np.array(request.get_output_tensor(output).data, dtype=np.float32) for output in outputs
        ]
        idle.put(request)  # not one that failed
        return rows

    def _form_for(self, photos: int) -> tuple[Any, LifoQueue[Any]] | None:
        """What is compiled for so many photos, and its requests that nobody uses. None: there is
        nothing but the form for one (any more)."""
        if photos == 1 or (self._goal == THROUGHPUT and self._elsewhere is None):
            return self._compiled, self._idle
        if self._elsewhere is not None:
            return None
        with self._lock:
            if self._several is None:
                try:
                    compiled = _compile(self._models, MODEL, self.precision, self._goal)
                except RuntimeError as error:  # the cache was cleared meanwhile
                    _log.warning("no form for several photos: %s", error)
                    return None
                self._several = compiled, LifoQueue()
            return self._several


def _compile(folder: Path, model: str, precision: str, goal: str) -> Any:
    openvino = import_openvino()
    options = {
        "PERFORMANCE_HINT": goal,
        "CACHE_DIR": str(folder / COMPILED),
        # What is kept takes the weights from the model's own file: as fast, on half the space.
        "CACHE_MODE": "OPTIMIZE_SIZE",
    }
    # What is not in 8 bits in a model that is, OpenVINO computes as the processor does best.
    if precision != INT8:
        options["INFERENCE_PRECISION_HINT"] = _HINTS[precision]

    def compiled() -> Any:
        with keeping_locale():
            return openvino.Core().compile_model(str(folder / model), "CPU", options)

    # Its threads begin with it. Where somebody waits for one photo, they are as quick as any.
    return begun_behind(compiled) if goal == THROUGHPUT else compiled()


def _compile_on(
    device: DeviceInfo, model: Path, precision: str, goal: str, place: Path | None
) -> Any:
    """For another device than the CPU, whose plugin is told only what it knows."""
    core, name = import_openvino().Core(), device.openvino
    try:
        known = set(core.get_property(name, "SUPPORTED_PROPERTIES"))
    except RuntimeError:  # one that is made of others does not say
        known = {"PERFORMANCE_HINT", "INFERENCE_PRECISION_HINT"}
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": goal,
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
    }
    options = {option: value for option, value in options.items() if option in known}
    # It would wait up to a second for photos that may not come.
    options["ALLOW_AUTO_BATCHING"] = False
    if place is not None:
        options["CACHE_DIR"] = str(place / COMPILED)
    with keeping_locale():
        return core.compile_model(str(model), name, options)
