"""A model that answers through OpenVINO: torch's network is loaded for Grad-CAM alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.explain.events import Explained, Method
from resnet_gui.core.explain.explainer import Explainer
from resnet_gui.core.inference import classifier
from resnet_gui.core.inference.backend import OPENVINO
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.system.openvino_import import openvino_version
from tests.helpers.conversions import copy_converted_home, make_converted_home
from tests.helpers.pictures import encoded, gradient
from tests.helpers.training import make_tiny_model, user_zoo

PHOTO = ImageSource("leaf.png", encoded(gradient(60, 48), "PNG"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not openvino_version():
        pytest.skip("the extra “fast” is not installed")
    return make_converted_home(tmp_path_factory.mktemp("made"))


def explained(explainer: Explainer, method: Method) -> Explained:
    *_, last = explainer.explain(PHOTO, "tiny", method=method, among=[2])
    assert isinstance(last, Explained)
    return last


@pytest.mark.slow  # a conversion takes 10 s
def test_it_is_explained_as_the_exact_one_and_freed(
    made: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_converted_home(made, own_home)
    exact = Explainer(Classifier(user_zoo()))
    monkeypatch.delenv("RESNET_GUI_EXACT")
    answering = Classifier(user_zoo())
    fast = Explainer(answering)
    occluded = explained(fast, Method.OCCLUSION)
    (model,) = answering._loaded.values()
    assert model.backend.name == OPENVINO
    assert fast._kept is None  # torch was not needed
    found = explained(fast, Method.GRADCAM)
    first = fast._kept
    assert first is not None
    assert fast.network(model) == (first[1], "cpu")  # used again
    fast.free()
    assert fast._kept is None
    monkeypatch.setenv("RESNET_GUI_EXACT", "1")
    # Photos are read in another way for a fast backend: a grey level of rounding.
    assert np.abs(found.heat - explained(exact, Method.GRADCAM).heat).max() < 0.1
    assert occluded.heat.shape == explained(exact, Method.OCCLUSION).heat.shape
    assert exact._kept is None  # what answers is torch's already


class Elsewhere:
    """What answers is no network of torch's that could be asked for gradients."""

    def __init__(self, backend: Any) -> None:
        self.infer, self.device, self.for_many = backend.infer, backend.device, lambda: self
        self.name, self.precision, self.threads, self.made = OPENVINO, "fp32", 1, ""


def test_torchs_network_is_loaded_for_grad_cam_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    make_tiny_model()
    exact = explained(Explainer(Classifier(user_zoo())), Method.GRADCAM)
    monkeypatch.setattr(
        classifier, "open_backend", lambda entry, info, **_: Elsewhere(open_exact(entry, info))
    )
    fast = Explainer(Classifier(user_zoo()))
    explained(fast, Method.OCCLUSION)
    assert fast._kept is None
    found = explained(fast, Method.GRADCAM)
    kept = fast._kept
    assert kept is not None
    # Photos are read in another way for a fast backend: a grey level of rounding.
    assert np.abs(found.heat - exact.heat).max() < 0.1
    explained(fast, Method.GRADCAM)
    assert fast._kept is kept
    fast.free()
    assert fast._kept is None


def test_a_model_that_is_gone_is_an_error_in_words(own_home: Path) -> None:
    with pytest.raises(ModelError):
        list(Explainer(Classifier(user_zoo())).explain(PHOTO, "tiny"))
