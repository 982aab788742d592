"""Names that hide, steer, mislead or are no text: of photos, class folders, models and runs."""

from __future__ import annotations

import functools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.cases import Case, take
from tests.helpers.pictures import encoded, gradient

KIND = "names"
_TEXTS = (
    "a\nb", "a\r\nb", "\n", "a\tb", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H",
    "a\x08b", "\x7f", "\x01\x02\x03", "\x9b31m", "a\u202egnp.exe", "\u2066a\u2069",
    "\u200f\u200e", "\u061c", "\u200b", "\ufeff", "\u2028\u2029", "a\x85b", "\xad", "\u115f",
    "\U000e0041\U000e0042", "-", "--", "-rf", "--json", "--help", "-1", "@file", "~", "~root",
    "$HOME", "$(id)", "`id`", "%n%s", "{0}", "{}", "%USERPROFILE%", "a;b", "a|b", "a&b", "a*b",
    "?", "[a-z]", "a'b", 'a"b', "a\\b", "!x", "<img src='..'>", "<b>bold<b>", "<script>",
    "&lt;&amp;", "<!-- ", "</", "[bold red]red[!bold]", "[/]", "[link=x]y", ":smile:", "**bold**",
    "# title", "=1+1", "=cmd|' !A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "a,b", 'a","b', "a;b;c",
    "'a", " a", "a ", "  ", "a.", "a..", "...", ". ", "con", "nul", "NUL.txt", "aux", "com1",
    "lpt9.x", "CLOCK$", "a:b", "c:", "thumbs.db", "desktop.ini", "\U0001f41d\U0001f41c",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0301\u0301\u0301a", "a" + "\u0301" * 60,
    "\ufdfd", "e\u0301", "\xe9", "\u65e5\u672c\u8a9e",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\uffff",
    "\U0010ffff", "\ue000", "\u0130", "\xdf", "\ufb03", "x" * 200, "\u65e5" * 60,
    "model.safetensors", "run.json", "train", "val", "resnet20-cifar10", "null", "None", "true",
    "0", "1e999", "nan", "undefined", "__proto__", "..a", "a" + " " * 100 + "b",
)  # fmt: skip
_BYTES = (
    b"\xff", b"\xff\xfe", b"a\x80b", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"caf\xe9",
    b"\xf8\x88\x80\x80", b"\x80" * 50, b"\xff\n\x1b[31m",
)  # fmt: skip
_KINDS = ("photo", "class", "model", "run")


def cases(seed: int, count: int, *, costly: bool = False) -> Iterator[tuple[int, Case]]:
    """(number, case): the listed names for each kind of thing, then mixtures up to `count`."""
    return take(crafted(), _mixture, KIND, seed, count, costly)


def _case(kind: str, name: str) -> Case:
    if kind == "photo":
        return Case(f"photo {name!r}", f"{name}.jpg", _photo)
    if kind == "class":
        return Case(f"class {name!r}", name, _class)
    if kind == "model":
        return Case(f"model {name!r}", f"{name}.safetensors", _model)
    return Case(f"run {name!r}", name, _run)


@functools.cache
def _crafted() -> tuple[Case, ...]:
    names = [*_TEXTS, *map(os.fsdecode, _BYTES)]
    longest = {"photo": 251, "class": 255, "model": 243, "run": 255}
    found = [_case(kind, name) for name in names for kind in _KINDS]
    for kind in _KINDS:
        found.append(_case(kind, "L" * longest[kind]))
        found.append(_case(kind, ("\u65e5" * 85)[: longest[kind] // 3]))
    return tuple(case for case in found if _possible(case.name))


def crafted() -> list[Case]:
    return list(_crafted())


def _possible(name: str) -> bool:
    """Whether this system lets a file be called so."""
    bad = '<>:"/\\|?*' if os.name == "nt" else "/"
    try:
        if sys.platform == "darwin":  # whose names are UTF-8
            name.encode()
        long = len(os.fsencode(name)) > 255
    except UnicodeEncodeError:
        return False
    return name not in ("", ".", "..") and not long and not set(name) & {*bad, "\0"}


def _mixture(rng: random.Random) -> Case:
    parts = [*_TEXTS, *map(os.fsdecode, _BYTES)]
    while True:
        name = "".join(rng.sample(parts, rng.randint(2, 4)))
        if rng.random() < 0.3:
            ranges = ((1, 0x80), (1, 0xD800), (0xE000, 0x110000))
            name = "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(8))
        case = _case(rng.choice(_KINDS), name)
        if _possible(case.name):
            return case


@functools.cache
def _jpeg(seed: int) -> bytes:
    return encoded(gradient(32, 32, seed), "JPEG")


def _photo(path: Path) -> None:
    path.write_bytes(_jpeg(0))


def _class(path: Path) -> None:
    path.mkdir()
    for number in range(2):
        (path / f"{number}.jpg").write_bytes(_jpeg(number))


def _model(path: Path) -> None:
    from tests.corpus.models import sound_model

    path.write_bytes(sound_model())


def _run(path: Path) -> None:
    from tests.corpus.runs import build_run

    build_run(path)
