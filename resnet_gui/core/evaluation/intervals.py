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


def mcnemar(fixed: int, broken: int) -> float:
    """McNemar's exact test (McNemar 1947): two models answered the same photos; how probable is a
    difference at least so uneven, in either direction, if neither were better?

    Args:
        fixed, broken: photos on which only the second, only the first is right. The others say
            nothing of the difference.

    Returns:
        p, 0..1: two-sided, from the binomial distribution with a half. 1 if there is no difference.
    """
    n, least = fixed + broken, min(fixed, broken)
    # In whole numbers, which never round: each term from the one before.
    total = term = 1
    for k in range(1, least + 1):
        term = term * (n - k + 1) // k
        total += term
    return min(1.0, 2 * total / (1 << n))
