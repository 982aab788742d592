"""A controller of the Classify page, on the fake engine alone."""

from __future__ import annotations

import pytest

from resnet_gui.ui.classify.controller import ClassifyController
from tests.helpers.classify import A, B, make
from tests.helpers.fake_engine import Rig


@pytest.fixture
def controller(rig: Rig) -> ClassifyController:
    """One that has model a, of a and b."""
    rig.engine.models = [A, B]
    controller = make(rig)
    controller.start("a", "auto")
    rig.settle()
    assert controller.entry is A
    return controller
