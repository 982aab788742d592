"""A torch network on a GPU in half precision: faster than `exact`, and compared with it before it
may answer. Needs torch.

NVIDIA: channels-last, autocast to float16 or bfloat16, pinned memory, and a CUDA graph for each
number of photos that comes again: a small network's kernels take less time than Python takes to
launch them. Apple (MPS): autocast to float16.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import EXACT, GPU, Backend, BackendForm, Crops, Pooling, Rows
from resnet_gui.core.inference.check import check_pictures, compare, expected_of
from resnet_gui.core.inference.converted import (
    Conversion,
    State,
    Verdict,
    conversion_of,
    weights_hash,
    write_verdict,
)
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.hardware import Forward, autocast
from resnet_gui.core.inference.network_features import Features, WithFeatures
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec
from resnet_gui.core.zoo.weights.load import load_network

_log = logging.getLogger(__name__)
_LARGEST = 1 << 20  # photos at once; what does not fit into memory is found out
_GRAPH_LARGEST = 64  # photos in a graph: beyond, launching takes no time beside computing
_MOST_GRAPHS = 3  # each keeps memory for its activations
_WARM_UP = 3  # passes before a graph is captured, in which cuDNN chooses its kernels


def open_gpu(
    entry: ModelEntry, device: DeviceInfo, notify: Callable[[str], None] = _log.warning
) -> Backend:
    """The entry's network on a GPU: in half precision if that answers as exact on the CPU does on
    16 pictures, else in float32. The verdict is kept on the disk, so that it is asked for once.

    Args:
        notify: is told why half precision is not used.

    Raises:
        ModelError: its file is damaged or does not fit.
        RuntimeError: the GPU cannot take the network, or answers otherwise in float32 too.
    """
    kept = _kept_verdict(entry, device)
    verdict = kept.verdict if kept else None
    asked = verdict is None or verdict.state is not State.CHECKED
    if verdict is None or asked:
        verdict = check(entry, device)
        _keep(kept, verdict)
    if verdict.state is not State.CHECKED:
        raise RuntimeError(
            f"“{entry.spec.title}” answers otherwise than on the CPU: {verdict.reason}"
        )
    if verdict.precision != "fp32":
        network = load_network(entry)
        return GpuBackend(network, entry.spec.preprocessing, device, verdict.precision)
    if asked:
        notify(
            f"“{entry.spec.title}” is computed in full precision on {device.name}: in half "
            f"precision it does not answer as it should."
        )
    return open_exact(entry, device)


def expected_form(entry: ModelEntry, device: DeviceInfo) -> BackendForm:
    """What `open_gpu` would open, as its last verdict says; where there is none, what it would try
    first."""
    kept = _kept_verdict(entry, device)
    verdict = kept.verdict if kept else None
    checked = verdict is not None and verdict.state is State.CHECKED
    precision = verdict.precision if verdict and checked else half_precisions(device)[0]
    return BackendForm(EXACT if precision == "fp32" else GPU, precision, device)


def half_precisions(device: DeviceInfo) -> tuple[str, ...]:
    """What the device computes fast in, the most exact first: float16 has three more bits than
    bfloat16, and a range that large activations can leave. (On an H100 EfficientNet-Lite0 is
    refused in bfloat16.)"""
    if device.kind.startswith("cuda") and torch.cuda.get_device_capability(device.kind)[0] >= 8:
        return ("fp16", "bf16")
    return ("fp16",)


class GpuBackend(Backend):
    """Where memory runs out, batches are halved, and stay halved. Features are computed in float32,
    as everywhere.

    Attributes:
        graphs: how many photos at a time are answered by a CUDA graph.
        threads: 1, as one call at a time keeps a GPU busy; calls from several wait for each other.

    Args of the constructor:
        network: on the CPU; it is moved.
        precision: "bf16" or "fp16".

    Raises:
        RuntimeError: the device cannot take the network.
    """

    def __init__(
        self, network: nn.Module, preprocessing: Preprocessing, device: DeviceInfo, precision: str
    ) -> None:
        self.name, self.precision, self.threads = GPU, precision, 1
        self.device = device
        kind, self._side = device.kind, preprocessing.crop
        self._layout = torch.contiguous_format if kind == "mps" else torch.channels_last
        self._network = network.to(kind)
        self._network.to(memory_format=self._layout)
        self._both = WithFeatures(self._network)
        # (x / 255 - mean) / std = x * scale + shift, with numbers that are on the device already.
        mean, std = (
            torch.tensor(v)[:, None, None] for v in (preprocessing.mean, preprocessing.std)
        )
        self._scale, self._shift = (1 / (255 * std)).to(kind), (-mean / std).to(kind)
        self._half = Forward(kind, precision, _LARGEST)
        self._float32 = Forward(kind, "fp32", _LARGEST)
        self._lock = threading.Lock()
        self._may_capture = kind.startswith("cuda")
        self._met: set[int] = set()
        self._graphs: OrderedDict[int, _Graph] = OrderedDict()

    @property
    def graphs(self) -> tuple[int, ...]:
        return tuple(self._graphs)

    def infer(self, crops: Crops) -> Rows:
        return self.infer_both(crops)[0]

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        with self._lock:
            graph = self._graph_for(len(crops))
            rows = self._rows(self._half, self._both, crops) if graph is None else graph(crops)
            classes = self._both.classes
        return rows[:, :classes], rows[:, classes:] if rows.shape[1] > classes else None

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        with self._lock:
            return self._rows(self._float32, Features(self._network, pooling), crops)

    def for_many(self) -> GpuBackend:
        return self

    def _rows(self, forward: Forward, module: nn.Module, crops: Crops) -> Rows:
        def prepare(start: int, stop: int) -> Tensor:
            return self._to_input(torch.from_numpy(crops[start:stop]).to(self.device.kind))

        rows: Rows = forward(module, prepare, len(crops)).numpy()
        return rows

    def _to_input(self, pixels: Tensor) -> Tensor:
        """(N, crop, crop, 3) uint8 on the device -> (N, 3, crop, crop) float32, normalised."""
        x = pixels.permute(0, 3, 1, 2).float().mul_(self._scale).add_(self._shift)
        return x.contiguous(memory_format=self._layout)

    def _graph_for(self, photos: int) -> _Graph | None:
        """The graph for so many photos; captured when that many come for the second time."""
        if not self._may_capture or photos > _GRAPH_LARGEST:
            return None
        if photos in self._graphs:
            self._graphs.move_to_end(photos)
            return self._graphs[photos]
        if photos not in self._met:
            self._met.add(photos)
            return None
        try:
            graph = _Graph(self._answers, photos, self._side, self.device.kind)
        except RuntimeError as error:  # out of memory, or something that cannot be captured
            _log.warning("no CUDA graph for %d photos: %s", photos, error)
            self._may_capture = False
            self._graphs.clear()
            return None
        self._graphs[photos] = graph
        if len(self._graphs) > _MOST_GRAPHS:
            self._graphs.popitem(last=False)
        return graph

    def _answers(self, pixels: Tensor) -> Tensor:
        """What `WithFeatures` gives, on the device. For a graph: no weight may be cast outside of
        it."""
        with torch.inference_mode(), autocast(self.device.kind, self.precision, cache=False):
            rows: Tensor = self._both(self._to_input(pixels)).float()
        return rows


class _Graph:
    """One pass over a fixed number of photos, launched at once.

    Args of the constructor:
        answers: (photos, side, side, 3) uint8 on the device -> rows on the device.

    Raises:
        RuntimeError: it cannot be captured, or memory is out.
    """

    def __init__(
        self, answers: Callable[[Tensor], Tensor], photos: int, side: int, kind: str
    ) -> None:
        self._kind = kind
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(kind):
            self._host = torch.empty(photos, side, side, 3, dtype=torch.uint8, pin_memory=True)
            self._pixels = torch.zeros_like(self._host, device=kind)
            stream = torch.cuda.Stream(kind)  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream(kind))
            with torch.cuda.stream(stream):
                for _ in range(_WARM_UP):
                    answers(self._pixels)
            stream.synchronize()
            # A training in another thread may use the GPU meanwhile, as only this thread captures.
            with torch.cuda.graph(self._graph, stream=stream, capture_error_mode="thread_local"):
                self._logits = answers(self._pixels)
            self._answer = torch.empty(
                self._logits.shape, dtype=self._logits.dtype, pin_memory=True
            )

    def __call__(self, crops: Crops) -> Rows:
        with torch.cuda.device(self._kind), torch.inference_mode():
            self._host.copy_(torch.from_numpy(crops))
            self._pixels.copy_(self._host, non_blocking=True)
            self._graph.replay()
            self._answer.copy_(self._logits, non_blocking=True)
            torch.cuda.current_stream(self._kind).synchronize()
            rows: Rows = self._answer.numpy().copy()
        return rows


# --- whether it may answer ------------------------------------------------------------------------


def check(entry: ModelEntry, device: DeviceInfo) -> Verdict:
    """Compare a GPU's answers with those of exact on the CPU.

    Returns:
        the verdict on the first half precision that is good enough, or on float32.

    Raises:
        ModelError: the model's file is damaged.
        RuntimeError: the GPU fails.
    """
    preprocessing = entry.spec.preprocessing
    expected = expected_of(open_exact(entry, cpu()), check_pictures(preprocessing))
    for precision in half_precisions(device):
        half = GpuBackend(load_network(entry), preprocessing, device, precision)
        verdict = compare(expected, half)
        if verdict.state is State.CHECKED:
            return verdict
        _log.info("%s in %s on %s: %s", entry.spec.id, precision, device.name, verdict.reason)
    # Another order of sums than the CPU's is no fault, so what is asked is what half precision is.
    return compare(expected, open_exact(entry, device), tolerance="bf16")


def _keep(kept: Conversion | None, verdict: Verdict) -> None:
    if kept is None:
        return
    try:
        kept.folder.mkdir(parents=True, exist_ok=True)
        write_verdict(kept.folder, verdict)
    except OSError as error:
        _log.warning("what comparing gave is not kept: %s", error)


def _kept_verdict(entry: ModelEntry, device: DeviceInfo) -> Conversion | None:
    """Where the verdict on this model file, device and torch is kept; None without a file."""
    if entry.weights_path is None:
        return None
    try:
        return gpu_conversion(entry.spec, weights_hash(entry.weights_path), device)
    except OSError:
        return None


def gpu_conversion(spec: ModelSpec, weights_sha256: str, device: DeviceInfo) -> Conversion:
    """Where the verdict on a model and a GPU is kept: beside the conversions for the CPU."""
    return conversion_of(spec, weights_sha256, f"torch on {device.name}")
