"""How `--help` is written: plain names, without the types that typer adds to them."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

_TYPE = re.compile(r" <\S+>")  # "PHOTO <list[Path]>"
_RANGE = re.compile(r"(?:(\S+)<=)?x(?:([<>]=)(\S+))?(?=[\];])")  # "1<=x<=1000", "x>=0"
_BRACES = str.maketrans("", "", "{}")  # "{PHOTO}...": what has to be there stands bare elsewhere


def _range_words(found: re.Match[str]) -> str:
    low, sign, limit = found.groups()
    if low is not None and limit is not None:
        return f"{low} to {limit}"
    return f"{limit} or {'more' if sign == '>=' else 'less'}" if limit is not None else found[0]


class PlainCommand(TyperCommand):
    """A command whose help a person reads who does not know Python."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.translate(_BRACES) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                name, text = record[0], _RANGE.sub(_range_words, record[1])
                if parameter.param_type_name == "argument":  # the usage says what is required
                    rows["Arguments"].append((_TYPE.sub("", name), text.replace("[required]", "")))
                else:
                    rows["Options"].append((_TYPE.sub("", name), text))
        for title, records in rows.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
