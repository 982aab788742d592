"""Numbers and messages as people read them, in the window and in the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def duration(seconds: float) -> str:
    """A time span in words short enough for a line: "12 s", "3 min", "1 h 20 min"."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def pace(photos_per_s: float) -> str:
    """How fast it goes: "58 photos/s", "1.3 photos/s"; not "0 photos/s" while something goes on."""
    few = photos_per_s < 9.95
    return f"{max(0.1, photos_per_s):.1f} photos/s" if few else f"{photos_per_s:,.0f} photos/s"


def precision_words(precision: str) -> str:
    """How exactly numbers are kept: “half precision” for "bf16" or "fp16"."""
    return _PRECISIONS.get(precision, precision)


def first_line(error: Exception) -> str:
    """What a library's error says, without what follows in further lines."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)


_PRECISIONS = {"fp32": "full precision", "bf16": "half precision", "fp16": "half precision"}
_LOPSIDED = 0.8  # from this share of one class on, an accuracy alone says little
_LONGEST_LABEL = 40


_FEW, _NAMED = 5, 3  # photos that say nothing of a class yet; classes that a sentence names


def never_sentence(classes: Sequence[tuple[str, int]]) -> str:
    """That a model never gives some answers, which an accuracy over all classes hides.

    Args:
        classes: those that it never answered, each with how many photos are of it. Classes with a
            handful of photos do not count.

    Returns:
        One sentence; "" for nothing.
    """
    found = sorted((item for item in classes if item[1] >= _FEW), key=lambda item: -item[1])
    if not found:
        return ""
    names = [f"“{_short(label)}”" for label, _ in found[:_NAMED]]
    if len(found) > _NAMED:
        names.append(count_noun(len(found) - _NAMED, "other"))
    said = _listed(names, "or")
    photos = sum(number for _, number in found)
    return f"It never answered {said}: none of these {photos:,} photos was recognised."


def recognised_sentence(classes: Sequence[tuple[str, int, int]]) -> str:
    """How many photos of rare classes a model recognised: beside an accuracy over all classes it is
    what people want to know.

    Args:
        classes: (label, right, photos) of each.

    Returns:
        One sentence that names those of which it recognised the smallest share; "" for no class.
    """
    found = sorted((item for item in classes if item[2]), key=lambda item: item[1] / item[2])
    named = [f"{right:,} of {n:,} “{_short(label)}”" for label, right, n in found[:_NAMED]]
    if len(found) > _NAMED:
        rest = found[_NAMED:]
        others = count_noun(len(rest), "other class", "other classes")
        right, photos = sum(item[1] for item in rest), sum(item[2] for item in rest)
        named.append(f"{right:,} of {count_noun(photos, 'photo')} of {others}")
    return f"It recognised {_listed(named, 'and')}." if named else ""


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def lopsided_sentence(label: str, photos: int, n: int, right: int | None = None) -> str:
    """What to bear in mind with an accuracy on photos nearly all of which are of one class: a model
    that has learned nothing reaches the share of that class.

    Args:
        label: the class of most of them. photos: how many of the `n` are of it.
        right: how many a model got right; None: that is not to be compared here.

    Returns:
        One sentence; "" where no class has so large a share, or where `n` is 0 or 1.
    """
    if not label or n <= 0 or photos < _LOPSIDED * n:
        return ""
    label = _short(label)
    if n == 1:
        return ""  # an accuracy on one photo says little, and everybody sees that
    if photos >= n:
        return f"All of these photos are of “{label}”: this says nothing of the other classes."
    beaten = "" if right is None or right > photos else ", and this model is right no more often"
    return (
        f"{photos:,} of these {n:,} photos are of “{label}”: to answer “{label}” every time would "
        f"be right for {min(photos / n, 0.999):.1%} of them{beaten}. So look at each class, too."
    )


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """ "1 photo", "3 photos", "1,200 photos"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
