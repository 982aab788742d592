"""Conversions in 8 bits: whether there is one that may answer. No torch here, and no OpenVINO.

What is computed with integers of 8 bits takes about half the time, and loses more than half
precision does: how much depends on the numbers that a network meets on the way, which are learned
from photos. So a form of 8 bits is a person's choice, made (`quantize`) from the person's own
photos, and compared with exact on others of them. It lies in the conversion's folder and goes with
it; without its own verdict nothing is used.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.backend import INT8
from resnet_gui.core.inference.converted import (
    MAX_ATTEMPTS,
    VERDICT,
    Conversion,
    State,
    Verdict,
    find_conversion,
)
from resnet_gui.core.system import atomic
from resnet_gui.core.system.documents import DocumentError, read_object
from resnet_gui.core.system.locks import is_held
from resnet_gui.core.system.settings import HOW_TO_GET_NNCF, eight_bits_wanted
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.values import Value, from_json
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
# Photos that one is made from: a job's own, spread evenly. Of fewer nothing could be learned.
FEWEST, MOST = 64, 300
# What is said to be enough may have lost some: the window asks about a folder's first photo in a
# job of its own, and some cannot be read.
ENOUGH = 60
_PACKAGE = "nncf"
_MOST_WITHDRAWN = 3
_MAX_DOCUMENT = 4_000_000


@dataclass(frozen=True, slots=True)
class EightBits(Value):
    """What is known of a conversion's form of 8 bits.

    Attributes:
        verdict: what comparing it with exact gave, on photos that it was not made from.
        nncf: the version that made it.
        made: a hash of its weights, by which kept answers know it from others.
        photos: what it was made from.
        times_as_fast: by processor time, of the conversion that it was made from.
        withdrawn: how often one was made and then answered other photos otherwise.
    """

    verdict: Verdict
    nncf: str = ""
    made: str = ""
    photos: tuple[str, ...] = ()
    times_as_fast: float = 0.0
    withdrawn: int = 0

    @property
    def usable(self) -> bool:
        return self.verdict.state is State.CHECKED


def place_of(conversion: Conversion) -> Path:
    return conversion.folder / INT8


def lock_of(conversion: Conversion) -> Path:
    """Held by whoever makes one."""
    return conversion.folder.with_name(f"{conversion.folder.name}-{INT8}.lock")


def eight_bits_of(conversion: Conversion) -> EightBits | None:
    """What is known; None: nothing, or it was found out with another version of NNCF than the one
    that is here."""
    try:
        found = from_json(EightBits, read_object(place_of(conversion) / VERDICT, _MAX_DOCUMENT))
    except (OSError, DocumentError, ValueError):
        return None
    return found if version_of(_PACKAGE) in ("", found.nncf) else None


def write_eight_bits(conversion: Conversion, known: EightBits) -> None:
    """Raises OSError."""
    place_of(conversion).mkdir(parents=True, exist_ok=True)
    here = dataclasses.replace(known, nncf=version_of(_PACKAGE) or known.nncf)
    atomic.write_json(place_of(conversion) / VERDICT, here.to_json())


def usable_eight_bits(conversion: Conversion) -> EightBits | None:
    """The form that may answer; None where there is none, or not yet."""
    found = eight_bits_of(conversion) if conversion.usable else None
    return found if found is not None and found.usable else None


def worth_making(conversion: Conversion) -> bool:
    """Whether making one may help: nobody has, or the last attempt did not end."""
    if not conversion.usable or not version_of(_PACKAGE):
        return False
    found = eight_bits_of(conversion)
    return found is None or (
        found.verdict.state is State.UNFINISHED and found.verdict.attempts < MAX_ATTEMPTS
    )


def withdraw_all(entry: ModelEntry, made: str) -> None:
    """`withdraw` a model's form, of an ensemble those of its models."""
    for single in entry.singles():
        found = find_conversion(single)
        try:
            if found is not None:
                withdraw(found, made)
        except OSError as error:
            _log.warning("%s: %s", single.spec.id, error)


def withdraw(conversion: Conversion, made: str) -> None:
    """Do not use this form any more: it answers other photos than those that it was compared on
    otherwise. Another one is made, but not again and again. Raises OSError.

    Args:
        made: which one, as in `Backend`. One that has been made instead meanwhile stays.
    """
    before = eight_bits_of(conversion)
    if before is None or not before.usable or before.made not in made.split():
        return  # somebody else did
    times = before.withdrawn + 1
    verdict = Verdict(State.UNFINISHED, attempts=0)
    if times >= _MOST_WITHDRAWN:
        reason = "your photos are of too many kinds for one such form"
        verdict = Verdict(State.REFUSED, reason=reason)
    place = place_of(conversion)
    write_eight_bits(conversion, EightBits(verdict, photos=before.photos, withdrawn=times))
    for path in place.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != VERDICT:
            path.unlink(missing_ok=True)


def photos_for(sources: Sequence[ImageSource]) -> list[str]:
    """The files of a job that a form of 8 bits is made from, spread evenly; none if there are too
    few of them. With whole paths: the next one that is made may be made elsewhere."""
    files = [source.name for source in sources if source.data is None]
    chosen = spread(files, MOST) if len(files) >= ENOUGH else []
    return [str(Path(name).absolute()) for name in chosen]


def spread(items: Sequence[str], count: int) -> list[str]:
    """So many of the items at most, from the beginning to the end."""
    if len(items) <= count:
        return list(items)
    return [items[n * len(items) // count] for n in range(count)]


def why_not(entry: ModelEntry) -> str:
    """Why a model does not answer in 8 bits and will not soon, in words that go on after “as”; ""
    if it does, or may. Looks at the disk."""
    if not version_of(_PACKAGE):
        found = find_conversion(entry)
        if found is None or usable_eight_bits(found) is None:
            return f"the package NNCF, which makes them, is not installed ({HOW_TO_GET_NNCF})"
    for single in entry.singles():
        found = find_conversion(single)
        if found is None or not found.usable:
            continue
        known = eight_bits_of(found)
        if known is None or known.usable:
            continue
        if known.verdict.state is State.REFUSED:
            return known.verdict.reason
        if known.verdict.attempts >= MAX_ATTEMPTS and not is_held(lock_of(found)):  # by its maker
            return "that could not be made"
    return ""


def describe_eight_bits(entry: ModelEntry) -> str:
    """What a person who wants answers in 8 bits should know of a model's, in a sentence; "" where
    nobody wants them, or the model is not run in this way. Looks at the disk."""
    found = find_conversion(entry) if eight_bits_wanted() else None
    if found is None or not found.usable:
        return ""
    known = usable_eight_bits(found)
    if known is None:
        if why := why_not(entry):
            return f"Not in 8 bits, as {why}."
        return f"In 8 bits after the next folder of {FEWEST} photos or more."
    verdict = known.verdict
    return (
        f"8 bits: {known.times_as_fast:.1f} times as fast here; on {verdict.photos} of your photos "
        f"the same answer {verdict.same} times, always where it was more than 25 points ahead of "
        f"the next; percentages {max(verdict.mean, 0.001):.1%} apart on average."
    )
