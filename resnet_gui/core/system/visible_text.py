"""Text from files, made safe to look at: what would steer or mislead a reader is spelled out.

A file name, a label or a message may hold characters that clear a terminal, turn the order of
letters around (“gpj.exe” read as “exe.jpg”) or cannot be seen at all. People get to see `visible`
of it; programs (JSON) get the exact text.
"""

from __future__ import annotations

import copy
import json
import logging
import re

_HIDDEN = (
    "\\x00-\\x1f\\x7f-\\x9f"  # C0, DEL, C1: they steer terminals
    "\\u200e\\u200f\\u061c\\u202a-\\u202e\\u2066-\\u2069"  # bidi controls
    "\\u2028\\u2029"  # line and paragraph separator
    # Nothing to see: soft hyphen, zero width space, word joiner, invisible operators, deprecated
    # format characters, byte order mark, Khmer inherent vowels, Mongolian vowel separator.
    "\\xad\\u200b\\u2060-\\u2065\\u206a-\\u206f\\ufeff\\u17b4\\u17b5\\u180e"
    "\\u115f\\u1160\\u3164\\uffa0"  # blank letters (Hangul fillers)
    "\\ufff9-\\ufffb\\U0001d173-\\U0001d17a"  # annotations, musical formatting
    "\\U000e0000-\\U000e00ff\\U000e01f0-\\U000e0fff"  # tags: a whole text can hide in them
    "\\ud800-\\udfff"  # lone surrogates: undecodable bytes of a file name
)
# Emoji and many scripts need these; between Latin letters they only hide.
_JOINERS = "\\u034f\\u200c\\u200d"
_VARIATIONS = "\\ufe00-\\ufe0f\\U000e0100-\\U000e01ef"
_LATIN = "\\x00-\\u02ff"
_FOUND = re.compile(
    # The flags of England, Scotland and Wales are a black flag and tags.
    "(?P<kept>\\U0001f3f4[\\U000e0030-\\U000e007a]{1,8}\\U000e007f"
    f"|(?<=[^{_LATIN}{_HIDDEN}{_JOINERS}])[{_JOINERS}]"
    # Keycaps are a digit, # or * and a variation selector.
    f"|(?:(?<=[^{_LATIN}{_HIDDEN}{_JOINERS}{_VARIATIONS}])|(?<=[0-9#*©®]))[{_VARIATIONS}])"
    f"|[{_HIDDEN}{_JOINERS}{_VARIATIONS}]"
)


def visible(text: str) -> str:
    """The text with all that steers or cannot be seen spelled out as in Python's string literals.

    Control characters (the end of a line and the tabulator, too), bidi controls, characters
    without any shape, and lone surrogates become `\\n`, `\\x1b`, `\\u202e`, `\\udcff` and so on.
    All else stays as it is, among it letters of all scripts, combining marks, and emoji with
    their joiners and variation selectors. A backslash stays single: this is for looking at, not
    for reading back. The result is one line and can be encoded as UTF-8.
    """
    return _FOUND.sub(_spelled_out, text)


def _spelled_out(found: re.Match[str]) -> str:
    return found["kept"] or found.group().encode("unicode_escape").decode("ascii")


def escape_json(text: str) -> str:
    """JSON text with the same characters as JSON's own escapes: the value stays exact, one object
    stays one line, and nothing in it steers a terminal that happens to show it."""
    return _FOUND.sub(_as_json, text)


def _as_json(found: re.Match[str]) -> str:
    return found["kept"] or json.dumps(found.group())[1:-1]


class VisibleFormatter(logging.Formatter):
    """For logs, which a terminal shows to people, too: a name in a message must neither steer the
    terminal nor be no UTF-8, and what the system said stands there in words."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(isinstance(arg, OSError) for arg in record.args):
            record = copy.copy(record)  # there may be other handlers
            record.args = tuple(map(_in_words, record.args or ()))
        return "\n".join(visible(line) for line in super().format(record).split("\n"))


def _in_words(value: object) -> object:
    """“[Errno 30] Read-only file system: '/x'” as “/x: Read-only file system”."""
    if not isinstance(value, OSError) or not value.strerror:
        return value
    return f"{value.filename}: {value.strerror}" if value.filename else value.strerror
