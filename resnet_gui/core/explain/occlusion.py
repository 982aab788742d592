"""Occlusion: what covering a part of the photo costs the answer. No torch here: whatever backend
answers is asked.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014 (arXiv:1311.2901),
section 4.2: a grey square is moved over the photo, and the probability of the class is noted.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt

from resnet_gui.core.preprocessing import Preprocessing

CELLS = 14  # places of the square in a row: 196 passes, 2 to 8 s on two cores
_SQUARE = 0.25  # its side, of the input's
_LEAST = 1e-7  # a probability of 0 or 1 has no log-odds; float32 knows no nearer ones
_NOTHING = 0.05  # what rounding (bfloat16) changes, and no more than 1 % of a probability


def covered(
    crop: npt.NDArray[np.uint8], preprocessing: Preprocessing, at_once: int
) -> Generator[npt.NDArray[np.uint8], None, None]:
    """The photo with the square at each place, row by row, in batches of `at_once` or fewer.

    The square has the colour that the model was trained to see as the mean one, which says the
    least; its middle stands in the middle of each of CELLS x CELLS cells, so at the edge a part of
    it is outside.

    Args:
        crop: (side, side, 3) uint8.

    Yields:
        (N, side, side, 3) uint8.
    """
    side = crop.shape[0]
    grey = np.clip(np.asarray(preprocessing.mean) * 255, 0, 255).round().astype(np.uint8)
    spans = []
    for cell in range(CELLS):
        middle = (cell + 0.5) * side / CELLS
        first = round(middle - _SQUARE * side / 2)
        spans.append(slice(max(first, 0), min(round(first + _SQUARE * side), side)))
    places = [(rows, columns) for rows in spans for columns in spans]
    for start in range(0, len(places), at_once):
        part = places[start : start + at_once]
        batch = np.repeat(crop[None], len(part), axis=0)
        for picture, (rows, columns) in zip(batch, part, strict=True):
            picture[rows, columns] = grey
        yield batch


def cost(probability: float, without: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """By how much the log-odds of the class fall at each place, 0 where they rise or hardly change.
    Log-odds, because from 99.9 % the probability itself hardly falls.

    Args:
        probability: of the whole photo. without: (CELLS·CELLS,), of the covered ones.

    Returns:
        (CELLS, CELLS) float32, 0 and more.
    """
    fall = _log_odds(np.float64(probability)) - _log_odds(without.astype(np.float64))
    fall[fall < _NOTHING] = 0
    result: npt.NDArray[np.float32] = fall.astype(np.float32).reshape(CELLS, CELLS)
    return result


def _log_odds(probability: Any) -> Any:
    inside = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(inside) - np.log1p(-inside)
