"""One setting of a run: what values it takes, its words for the form and the command line, and when
it matters. Every field of `config.RunConfig` has one. No torch here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from resnet_gui.core.errors import RunConfigError

Choices = Callable[[], Mapping[str, str]]
REQUIRED: Any = dataclasses.MISSING  # for a default: there is none
_KEY = "setting"
_SHOWN = 60  # characters of a wrong value
_SWITCH = {"true": True, "yes": True, "on": True, "1": True,
           "false": False, "no": False, "off": False, "0": False}  # fmt: skip


class Named(Protocol):
    """What a table of choices holds."""

    @property
    def label(self) -> str:
        """The words by which a person knows it."""
        ...


class Choice(StrEnum):
    """One of some values, with the words by which a person knows it: NAME = value, label."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values.

    Attributes:
        read: a value, also as text, as one of the kind; raises KeyError, OverflowError, TypeError
            or ValueError if it is none.
        wanted: which values there are, in words.
        choices: of one of some: value -> words. Asked each time, as there may be more by then.
    """

    read: Callable[[Any], Any]
    wanted: Callable[[], str]
    choices: Choices | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """All that is known of one setting.

    Attributes:
        label: of its row in the form; "": it has no row there, and only scripts set it.
        tip: for a person; a tooltip in the form, a line in the help of `train`.
        matters: whether it changes anything beside the other settings of a RunConfig.
    """

    kind: Kind
    label: str
    tip: str
    matters: Callable[[Any], bool]

    def read(self, name: str, value: Any) -> Any:
        """`value`, also as text, as one of the setting's.

        Raises:
            RunConfigError: it is none.
        """
        try:
            return self.kind.read(value)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            wanted = self.kind.wanted()
            raise RunConfigError(
                name, f"The setting {name} is “{_shown(value)}”, but it must be {wanted}."
            ) from error


def _shown(value: Any) -> str:
    """A value in a message: as much as a person reads of it; a file may say anything."""
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def setting(
    default: Any,
    kind: Kind,
    label: str = "",
    tip: str = "",
    matters: Callable[[Any], bool] = lambda config: True,
) -> Any:
    """A dataclass field that is a setting: see `Setting`."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(kind, label, tip, matters)})


def settings_of(config: type) -> dict[str, Setting]:
    """The settings of such a dataclass by name, in its order."""
    return {item.name: item.metadata[_KEY] for item in dataclasses.fields(config)}


def number(low: float, high: float) -> Kind:
    return Kind(lambda value: _number(value, low, high), lambda: f"a number, {low:g} to {high:g}")


def whole(low: int, high: int) -> Kind:
    def read(value: Any) -> int:
        found = _number(value, low, high)
        if not found.is_integer():
            raise ValueError(value)
        return int(found)

    return Kind(read, lambda: f"a whole number, {low} to {high}")


def numbers(low: float, high: float) -> Kind:
    """Some numbers, as text with commas between."""
    return Kind(
        lambda value: tuple(_number(part, low, high) for part in _parts(value)),
        lambda: f"numbers with commas between, each {low:g} to {high:g}",
    )


def rising(low: int) -> Kind:
    """Some whole numbers that rise, as text with commas between."""

    def read(value: Any) -> tuple[int, ...]:
        found = tuple(int(part) for part in _parts(value))
        if list(found) != sorted(set(found)) or min(found, default=low) < low:
            raise ValueError(value)
        return found

    return Kind(read, lambda: f"rising whole numbers from {low}, with commas between")


def one_of(choices: type[Choice] | Mapping[str, Named]) -> Kind:
    """One of the members of an enum, or one of the names in a table."""

    def words() -> dict[str, str]:
        if isinstance(choices, Mapping):
            return {name: item.label for name, item in choices.items()}
        return {item.value: item.label for item in choices}

    def read(value: Any) -> str:
        name = str(value).strip().lower()
        if name not in words():
            raise ValueError(value)
        return name if isinstance(choices, Mapping) else choices(name)

    return Kind(read, lambda: " or ".join(words()), words)


def _switch(value: Any) -> bool:
    return value if isinstance(value, bool) else _SWITCH[str(value).strip().lower()]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


ON_OFF = Kind(_switch, lambda: "on or off")
TEXT = Kind(_text, lambda: "text")


def _number(value: Any, low: float, high: float) -> float:
    found = float(value)
    if isinstance(value, bool) or not math.isfinite(found) or not low <= found <= high:
        raise ValueError(value)
    return found


def _parts(value: Any) -> list[Any]:
    parts = value.split(",") if isinstance(value, str) else value
    return [part for part in parts if str(part).strip()]
