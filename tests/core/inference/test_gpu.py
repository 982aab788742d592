"""The backend of GPUs: what can be tried on the CPU, and on an NVIDIA GPU what needs one."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from resnet_gui.core.events import DeviceInfo, ImageSource, Notice, Prediction
from resnet_gui.core.inference import gpu_backend
from resnet_gui.core.inference.backend import EXACT, GPU, Backend, Crops, Rows, softmax
from resnet_gui.core.inference.background import CONVERSIONS
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.exact import ExactBackend, open_exact
from resnet_gui.core.inference.gpu_backend import GpuBackend, open_gpu
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
HERE = DeviceInfo("cpu", "A GPU")  # what runs on a GPU runs on the CPU, graphs aside
CUDA = DeviceInfo("cuda:0", "An NVIDIA GPU")


@pytest.fixture
def insects() -> ModelEntry:
    small_model(
        paths.user_models_dir() / "insects.safetensors",
        1,
        architecture="cifar_resnet",
        architecture_options={"depth": 8},
        preprocessing=Preprocessing(32, 32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.25), "bicubic"),
    )
    return Zoo.standard().ready("insects")


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 also where the processor only emulates it."""
    monkeypatch.setattr(gpu_backend, "half_precisions", lambda device: ("bf16",))


def gpu_of(entry: ModelEntry, device: DeviceInfo) -> GpuBackend:
    return GpuBackend(load_network(entry), entry.spec.preprocessing, device, "bf16")


def crops_of(entry: ModelEntry) -> Crops:
    return check_pictures(entry.spec.preprocessing)


def close(found: Rows, exact: Rows) -> bool:
    """Within what bfloat16 may change, and changed by it."""
    apart = np.abs(softmax(found) - softmax(exact)).max()
    return bool(0 < apart < 0.05)


def test_features_come_with_the_answers(insects: ModelEntry) -> None:
    fast, crops = gpu_of(insects, HERE), crops_of(insects)
    logits, seen = fast.infer_both(crops)
    assert seen is not None
    assert (logits == fast.infer(crops)).all()
    whole = fast.features(crops)
    assert seen.shape == whole.shape
    assert 0 < np.abs(seen - whole).max() < 0.05 * np.abs(whole).max()
    exact_logits, exact_seen = open_exact(insects, cpu()).infer_both(crops)
    assert close(logits, exact_logits)
    assert exact_seen is not None
    np.testing.assert_allclose(exact_seen, whole, rtol=1e-4, atol=1e-5)


def test_half_precision_answers_as_exact_and_features_are_exact(insects: ModelEntry) -> None:
    fast, exact = gpu_of(insects, HERE), open_exact(insects, cpu())
    crops = crops_of(insects)
    assert close(fast.infer(crops), exact.infer(crops))
    np.testing.assert_allclose(fast.features(crops), exact.features(crops), rtol=1e-4, atol=1e-5)
    assert (fast.name, fast.precision, fast.graphs) == (GPU, "bf16", ())


def test_what_was_compared_once_is_not_compared_again(
    half: None, insects: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    assert open_gpu(insects, HERE, said.append).name == GPU

    def never(*_: object) -> None:
        raise AssertionError("it was compared before")

    monkeypatch.setattr(gpu_backend, "check", never)
    assert open_gpu(insects, HERE, said.append).name == GPU
    assert said == []
    with pytest.raises(AssertionError):
        open_gpu(insects, DeviceInfo("cpu", "Another GPU"), said.append)


def break_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half precision gives another class."""
    right = GpuBackend.infer
    monkeypatch.setattr(
        GpuBackend, "infer", lambda self, crops: np.roll(right(self, crops), 1, axis=1)
    )


def test_wrong_half_precision_is_refused_and_said_once(
    half: None, insects: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_half(monkeypatch)
    said: list[str] = []
    backend = open_gpu(insects, HERE, said.append)
    assert (backend.name, backend.precision) == (EXACT, "fp32")
    assert "full precision on A GPU" in said.pop()
    assert open_gpu(insects, HERE, said.append).name == EXACT
    assert said == []


def test_a_gpu_that_computes_wrong_gives_way_to_the_cpu(
    half: None, insects: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_half(monkeypatch)

    def open_broken(entry: ModelEntry, device: DeviceInfo) -> Backend:
        backend = open_exact(entry, cpu())
        if device.name == cpu().name:
            return backend

        class Wrong(ExactBackend):
            def infer(self, crops: Crops) -> Rows:
                return np.roll(super().infer(crops), 1, axis=1)

        return Wrong(backend.network, entry.spec.preprocessing, device)

    monkeypatch.setattr(gpu_backend, "open_exact", open_broken)
    monkeypatch.setattr(gpu_backend, "load_network", load_network)
    with pytest.raises(RuntimeError, match="answers otherwise than on the CPU"):
        open_gpu(insects, HERE)
    # Through the classifier, which knows a GPU by its kind: nothing of torch is asked for "cuda".
    monkeypatch.delenv("RESNET_GUI_EXACT")
    monkeypatch.setattr(CONVERSIONS, "begin", lambda *_: None)  # it would outlive the test
    monkeypatch.setattr(gpu_backend.torch.nn.Module, "to", lambda module, *_, **__: module)
    classifier = Classifier(Zoo.standard(), find_device=lambda _: CUDA)
    photo = ImageSource("photo", encoded(gradient(64, 48), "JPEG"))
    events = list(classifier.classify([photo], insects.spec.id))
    assert any(isinstance(e, Notice) and "The CPU is used instead" in str(e) for e in events)
    assert isinstance(events[-1], Prediction)
    assert events[-1].device == cpu().name


def test_the_next_half_precision_is_tried(
    insects: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_backend, "half_precisions", lambda device: ("fp16", "bf16"))
    right = GpuBackend.infer

    def overflowing(self: GpuBackend, crops: Crops) -> Rows:
        rows = right(self, crops)
        return rows if self.precision == "bf16" else rows * np.inf

    monkeypatch.setattr(GpuBackend, "infer", overflowing)
    assert open_gpu(insects, HERE).precision == "bf16"


@needs_cuda
def test_a_graph_answers_as_the_network_does(insects: ModelEntry) -> None:
    fast, exact = gpu_of(insects, CUDA), open_exact(insects, cpu())
    crops = crops_of(insects)
    first = fast.infer(crops)
    assert fast.graphs == ()
    for _ in range(3):  # captured at the second time
        np.testing.assert_allclose(fast.infer(crops), first, rtol=0.02, atol=0.02)
    assert fast.graphs == (16,)
    assert close(fast.infer(crops[::-1].copy()), exact.infer(crops[::-1].copy()))
    for count in (1, 2, 3, 4):
        fast.infer(crops[:count])
        np.testing.assert_allclose(fast.infer(crops[:count]), first[:count], rtol=0.02, atol=0.02)
    assert fast.graphs == (2, 3, 4)


@needs_cuda
def test_float32_on_a_gpu_is_float32(insects: ModelEntry) -> None:
    crops = crops_of(insects)
    here, there = (open_exact(insects, device).infer(crops) for device in (cpu(), CUDA))
    np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-4 * np.abs(here).max())


@needs_cuda
def test_the_classifier_uses_the_gpu_while_another_thread_trains_on_it(
    insects: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESNET_GUI_EXACT")
    stop = threading.Event()

    def train() -> None:
        network = load_network(insects).to("cuda").train()
        optimizer = torch.optim.SGD(network.parameters(), 1e-3)
        while not stop.is_set():
            x = torch.randn(64, 3, 32, 32, device="cuda")
            network(x).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()  # allocates anew in each step

    thread = threading.Thread(target=train)
    thread.start()
    try:
        classifier = Classifier(Zoo.standard())
        photos = [
            ImageSource(f"photo {n}", encoded(gradient(64 + n, 48, seed=n), "JPEG"))
            for n in range(200)
        ]
        events = list(classifier.classify(photos, insects.spec.id, "cuda"))
    finally:
        stop.set()
        thread.join()
    (model,) = classifier._loaded.values()
    assert (model.backend.name, model.device.kind) == (GPU, "cuda:0")
    assert isinstance(model.backend, GpuBackend)
    assert model.backend.graphs  # it could be captured meanwhile
    exact = Classifier(Zoo.standard(), wants_exact=lambda: True)
    found, expected = (
        [e.scores[0].probability for e in listed if isinstance(e, Prediction)]
        for listed in (events, exact.classify(photos, insects.spec.id, "cpu"))
    )
    np.testing.assert_allclose(found, expected, atol=0.05)
