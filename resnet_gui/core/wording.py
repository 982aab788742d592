"""Words that sentences of all rooms need."""

from __future__ import annotations


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """ "1 photo", "3 photos", "1,200 photos"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
