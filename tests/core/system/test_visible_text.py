"""Text from files as people get to see it."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata

import pytest

from resnet_gui.core.system.visible_text import VisibleFormatter, escape_json, visible

_SEEN = [
    ("two\nlines", "two\\nlines"),
    ("a\rb\tc", "a\\rb\\tc"),
    ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
    ("\x00\x7f\x85\x9b", "\\x00\\x7f\\x85\\x9b"),
    ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
    ("\u2066a\u2069\u200eb\u200f\u061c", "\\u2066a\\u2069\\u200eb\\u200f\\u061c"),
    ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
    ("ca\u200bt ca\u00adt \ufeffcat", "ca\\u200bt ca\\xadt \\ufeffcat"),
    ("ca\u200dt", "ca\\u200dt"),  # a joiner between Latin letters joins nothing
    ("cat\ufe0f", "cat\\ufe0f"),
    ("\u3164", "\\u3164"),
    ("hidden\U000e0063\U000e0061", "hidden\\U000e0063\\U000e0061"),
    ("🏴\U000e0067", "🏴\\U000e0067"),  # no whole flag
    ("🙂\u200d\u200d\u200d", "🙂\u200d\\u200d\\u200d"),
    ("caf\udcc3\udca9 \ud800", "caf\\udcc3\\udca9 \\ud800"),
]
_KEPT = [
    "",
    "Brötchen & Käse, 50 % [red] <b>",
    "back\\slash",
    "👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️‍🔥 👍🏽 ☺️ 1️⃣ #️⃣ ©️ 🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    "می‌خواهم",  # Persian, with a zero width non-joiner
    "क्‍ष ශ්‍රී",  # Devanagari and Sinhala, with a zero width joiner
    "עִבְרִית العَرَبِيَّة ไทย 中文 한국어 日本語 葛󠄀",
    "e\u0301 Z\u0308",  # combining marks
    "a\u00a0b\u3000c",  # spaces can be seen
    "Привет, κόσμε",
]


@pytest.mark.parametrize(("text", "shown"), _SEEN)
def test_what_steers_or_hides_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", _KEPT)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_every_control_character_and_surrogate_is_spelled_out_wherever_it_stands() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            for text in (char, f"a{char}b", f"中{char}文"):
                assert char not in visible(text), f"U+{code:04X}"


def test_letters_marks_digits_and_symbols_of_all_scripts_stay() -> None:
    blank = set("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        kind = unicodedata.category(char)
        variation = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
        if kind[0] in "LMNPS" and char not in blank and not variation:
            assert visible(f"a{char}b") == f"a{char}b", f"U+{code:04X}"


def test_the_result_is_one_line_of_utf8() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = visible(everything)
    assert len(shown.splitlines()) == 1
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_what_is_visible_stays_when_made_visible_again() -> None:
    for text, shown in _SEEN:
        assert visible(shown) == shown, text


def test_json_escapes_the_same_characters_and_keeps_the_value() -> None:
    for text in [*_KEPT, *(text for text, _ in _SEEN)]:
        escaped = escape_json(json.dumps(text, ensure_ascii=False))
        assert json.loads(escaped) == text
        assert visible(escaped) == escaped
    assert escape_json('"👩‍🚀 größe"') == '"👩‍🚀 größe"'


def test_what_the_system_said_stands_in_a_log_in_words() -> None:
    """“evaluate” said “[Errno 30] Read-only file system: '/…'” where nothing could be written."""
    error = OSError(30, "Read-only file system", "/home/\x1b")
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s is lost: %s", ("It", error), None)
    assert VisibleFormatter().format(record) == "It is lost: /home/\\x1b: Read-only file system"
    assert record.args == ("It", error)
    assert logging.Formatter().format(record).startswith("It is lost: [Errno 30]")
