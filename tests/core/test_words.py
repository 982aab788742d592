"""Numbers as people read them."""

from __future__ import annotations

import pytest

from resnet_gui.core.words import pace


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.02, "0.1 photos/s"),  # the window said “0 photos/s”, and “1 photos/s” of 1.3
        (1.3, "1.3 photos/s"),
        (9.97, "10 photos/s"),
        (58.4, "58 photos/s"),
        (1234.5, "1,234 photos/s"),
    ],
)
def test_pace(rate: float, words: str) -> None:
    assert pace(rate) == words
