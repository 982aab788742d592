"""The reader of JSON that anybody may have written: one kind of error, always a reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_gui.core.system.documents import (
    MAX_NESTING,
    DocumentError,
    parse_json,
    read_json,
    read_lines,
    read_object,
    share,
    text,
    whole,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789eE-+.NaInfty \\ud8', max_size=60))
def test_anything_is_a_value_or_a_document_error(data: bytes | str) -> None:
    reason = "it is read"
    try:
        json.dumps(parse_json(data), allow_nan=False)
    except DocumentError as error:
        reason = str(error)
    assert reason.startswith("it ")


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    try:
        written = json.dumps(value, allow_nan=False)
    except ValueError:
        return  # infinite
    assert parse_json(written) == value
    assert parse_json(b"\xef\xbb\xbf" + written.encode()) == value  # as Windows' editors save it


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff{}", "no UTF-8"),
        ("{", "damaged JSON"),
        ("[" * 100_000, "too deep"),
        ("[" * 33 + "]" * 33, "too deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "too deep"),
        ("1e999", "too large"),
        ("9" * 30, "too large"),
        ("9" * 10_000, "too large"),
        ("[NaN]", "NaN"),
        ("-Infinity", "Infinity"),
    ],
)
def test_reasons(data: bytes | str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        parse_json(data)


def test_limits_are_not_in_the_way() -> None:
    deep = "[" * MAX_NESTING + "]" * MAX_NESTING
    assert json.dumps(parse_json(deep)) == deep
    assert parse_json(f"{2**53}") == 2**53
    assert parse_json("[NaN, Infinity]", finite=False)[1] == float("inf")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in (("pipe", "no regular file"), ("zero", "no regular file"),
                         (".", "a folder"), ("loop", "the system says")):  # fmt: skip
        with pytest.raises(DocumentError, match=reason):
            read_json(tmp_path / name)
        with pytest.raises(DocumentError, match=reason):
            read_lines(tmp_path / name, int)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "nothing")
    assert read_lines(tmp_path / "nothing", int) == []


def test_sizes_are_limited_and_objects_are_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[1, 2, 3]")
    assert read_json(path, 9) == [1, 2, 3]
    with pytest.raises(DocumentError, match="more than"):
        read_json(path, 8)
    with pytest.raises(DocumentError, match="no JSON object"):
        read_object(path)


def test_lines_end_at_the_first_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for torn in (b"\xff\n4", b'{"a"', b'"x"\n4', b"[[[[", b"1e999\n4", b"null\n4"):
        path.write_bytes(b"1\n2\n\n3\n" + torn)
        assert read_lines(path, int) == [1, 2, 3]
    path.write_text('"a\u2028b"\n"c"\n', encoding="utf-8")
    assert read_lines(path, text) == ["a\u2028b", "c"]


def test_single_values() -> None:
    assert text("\ud800a\udcffb\0", 3) == "\N{REPLACEMENT CHARACTER}a\udcff"
    assert [text(value) for value in (None, 1, [], {})] == [""] * 4
    assert [whole(value, 0, 9, 5) for value in (0, 9, 10, -1, True, 1.0, "1")] == [
        0, 9, 5, 5, 5, 5, 5,
    ]  # fmt: skip
    assert [share(value) for value in (0, 0.5, 1, 1.1, -1, True, "1")] == [
        0.0, 0.5, 1.0, None, None, None, None,
    ]  # fmt: skip
