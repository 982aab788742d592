"""What a person reads of a photo that a decoder stumbled over."""

from __future__ import annotations

import pytest

from resnet_gui.core.errors import CorruptImageError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import decode
from tests.corpus.tiffs import pixels, tiff


@pytest.mark.parametrize("kind", [2, 7])
def test_pythons_words_on_a_decoders_code_are_no_reason(kind: int) -> None:
    """Offsets that are text: Pillow compares them with a number."""
    data = tiff({273: (kind, b"\1\0\0\0\0\0\0\0")}, pixels())
    with pytest.raises(CorruptImageError, match="does not fit together") as caught:
        decode(ImageSource("odd.tif", data))
    assert "instance" not in str(caught.value)
