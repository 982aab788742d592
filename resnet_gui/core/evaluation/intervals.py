"""Small statistics that need no torch."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054


def wilson_interval(right: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927); honest for few photos too.

    Args:
        right: successes of `n` trials. z: 1.96 for 95 %.

    Returns:
        low and high as fractions of 1; (0, 1) if n is 0.
    """
    if n <= 0:
        return 0.0, 1.0
    share = right / n
    denominator = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / denominator
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)
