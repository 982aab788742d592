"""No comparison begins by itself."""

from __future__ import annotations

import pytest

from resnet_gui.core.events import (
    DeviceInfo,
)
from resnet_gui.core.inference.background import CONVERSIONS


@pytest.fixture
def nothing_begins(monkeypatch: pytest.MonkeyPatch) -> list[DeviceInfo | None]:
    """Which comparisons would begin in a process of their own."""
    begun: list[DeviceInfo | None] = []
    monkeypatch.setattr(CONVERSIONS, "begin", lambda entry, device=None: begun.append(device))
    return begun
