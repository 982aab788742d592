"""Numbers and messages as people read them, in the window and in the terminal."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time span in words short enough for a line: "12 s", "3 min", "1 h 20 min"."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def first_line(error: Exception) -> str:
    """What a library's error says, without what follows in further lines."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """ "1 photo", "3 photos", "1,200 photos"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
