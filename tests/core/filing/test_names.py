"""Names of folders that every system takes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.filing.names import folded, folder_name, folder_names, with_number

TEXTS = st.text(max_size=120) | st.sampled_from(
    ["con", "a.", "..", "LPT1.txt", "\ud800", "é" * 200, "x" * 90]
)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Egyptian cat", "Egyptian cat"),
        ("Müller’s 猫 🐈", "Müller’s 猫 🐈"),
        ("AC/DC: live?", "AC_DC_ live_"),
        ("..", "_"),
        ("../../etc/passwd", "__.._etc_passwd"),
        (".hidden", "_hidden"),
        ("ends with a dot. ", "ends with a dot"),
        ("con", "con_"),
        ("NUL.txt", "NUL_.txt"),
        ("com¹", "com¹_"),
        ("console", "console"),
        ("", "_"),
        (" . ", "_"),
        ("a\nb\x00c\x7f", "a_b_c_"),
        ("gpj\u202eexe", "gpj_exe"),
        ("x" * 300, "x" * 80),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_a_folder_for_a_label(label: str, name: str) -> None:
    assert folder_name(label) == name


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_any_label_has_a_folder_that_every_system_takes(label: str) -> None:
    name = folder_name(label)
    assert name
    assert not set(name) & set('<>:"/\\|?*')
    assert name.isprintable() or not any(ord(letter) < 32 for letter in name)
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert len(name.encode()) <= 200
    assert len(name) <= 81
    assert name.split(".")[0].strip().lower() not in ("con", "prn", "aux", "nul", "com1", "lpt9")
    assert folder_name(name) == name


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=12))
def test_no_two_labels_share_a_folder(labels: list[str]) -> None:
    names = folder_names(labels)
    assert set(names) == set(labels)
    assert len({folded(name) for name in names.values()}) == len(names)
    assert folder_names(reversed(labels)) == names


def test_a_label_that_is_fit_keeps_its_name() -> None:
    names = folder_names(["a?b", "a_b", "A_B", "Cat", "cat"])
    assert names == {"a_b": "a_b-2", "A_B": "A_B", "a?b": "a_b-3", "Cat": "Cat", "cat": "cat-2"}


def test_a_number_fits_behind_the_longest_name() -> None:
    longest = "n" * 251 + ".jpg"
    assert with_number(longest, longest[:-4], "-12") == "n" * 248 + "-12.jpg"
    letters = unicodedata.normalize("NFC", "é") * 125 + ".jpeg"
    assert len(with_number(letters, letters[:-5], "-2").encode()) <= 255
    assert with_number("a.jpg.xmp", "a", "-2") == "a-2.jpg.xmp"
