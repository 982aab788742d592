"""Values as JSON and back: the one way for all that is printed, stored and read again. No torch.

Dataclasses become objects of their fields, in order; tuples lists, enums their values, paths texts.
On the way back what is not known is left out and what is missing gets its default, so that files
of another version open; a value of the wrong type is refused and named.

msgspec is imported when the first value is made or read, which takes 20 ms: not before the window
is up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class Value:
    """A dataclass with `to_json`. Its keys are contracts with scripts and files.

    Attributes:
        event: stands in front of the fields where a printed line says what it is.
        derived: properties that stand behind them.
    """

    __slots__ = ()
    event: ClassVar[str] = ""
    derived: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """This value as `json.dumps` takes it. Values inside it stand there without their `event`
        and what they derive."""
        head = {"event": self.event} if self.event else {}
        return {**head, **to_json(self), **{name: getattr(self, name) for name in self.derived}}


def to_json(value: Any) -> Any:
    """The fields of a dataclass (or items of a container) as `json.dumps` takes them."""
    import msgspec

    return msgspec.to_builtins(value, enc_hook=_plain)


def from_json(kind: type[T], value: Any) -> T:
    """The inverse of `to_json`, for the value of a JSON text.

    Raises:
        ValueError: not such a value; the text names the field.
    """
    import msgspec

    try:
        return msgspec.convert(value, kind, dec_hook=lambda path, text: path(text))
    except msgspec.ValidationError as error:
        raise ValueError(_reason(str(error))) from error


def _plain(value: Any) -> Any:
    """What msgspec does not know: paths, other mappings than dict, numpy's numbers."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _reason(text: str) -> str:
    """“Expected `int`, got `str` - at `$.epochs[0].step`” with the place in front."""
    what, _, place = text.replace("`", "").partition(" - at $")
    field = what.removeprefix("Object missing required field ")
    if field != what:
        what = f"'{field}' is missing"
    return f"{place.lstrip('.')}: {what}" if place else what
