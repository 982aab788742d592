"""Settings and atomic writing: nothing is lost, nothing half-written, nothing bad is believed."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_gui.core.errors import SettingsError
from resnet_gui.core.http.settings import (
    HttpSettings,
    load_http_settings,
    save_http_settings,
)
from resnet_gui.core.system import atomic, paths, settings
from resnet_gui.core.system.settings import (
    MAX_RECENT,
    Settings,
    load_settings,
    merged,
    save_settings,
    settings_path,
)

FULL = Settings(
    model="resnet50",
    device="cuda:1",
    theme="dark",
    show_crop=True,
    recent=("/photos/größe 🐱.jpg", "C:\\photos\\a.jpg"),
    window="AdnQywADAAA=",
    splitter=(700, 300),
    columns=(0, 222, 0, 0, 0, 0, 0, 0),
    last_folder="/photos",
    photos_shown="table",
    look="flip",
    another_window=True,
    eight_bits=True,
    exact=True,
)


def write(text: str) -> Path:
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_saved_comes_back() -> None:
    assert load_settings() == Settings()
    save_settings(FULL)
    assert load_settings() == FULL
    assert json.loads(settings_path().read_text(encoding="utf-8"))["format"] == 1


def test_what_somebody_else_saves_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_SETTLED_NS", -1)  # the file counts as unchanged for long
    save_settings(Settings(model="first"))
    path = settings_path()
    assert load_settings() is load_settings(), "nothing changed: it is not read again"
    other = path.with_name("other.json")
    other.write_text(path.read_text().replace("first", "after"))  # as many bytes
    then = path.stat().st_mtime_ns
    os.utime(other, ns=(then, then))  # and of the same time
    other.replace(path)
    assert load_settings().model == "after"
    path.write_text(path.read_text().replace("after", "longer"))
    os.utime(path, ns=(then, then))
    assert load_settings().model == "longer"
    path.unlink()
    assert load_settings() == Settings()


def test_a_file_that_has_just_changed_is_read_each_time() -> None:
    save_settings(Settings(model="first"))
    assert load_settings() is not load_settings()


def test_every_field_is_stored() -> None:
    """A field that is added later must not be forgotten in reading."""
    default = Settings()
    for field in dataclasses.fields(Settings):
        assert getattr(FULL, field.name) != getattr(default, field.name), field.name


def test_a_file_name_that_is_no_text_is_remembered() -> None:
    """Linux allows any bytes in names; Python stands them in as lone surrogates."""
    name = os.fsdecode(b"/photos/\xff.jpg")
    save_settings(Settings().with_recent(name))
    assert load_settings().recent == (name,)


def test_one_bad_value_costs_only_itself() -> None:
    good = {"model": "resnet18", "show_crop": True}
    bad = {
        "device": 7,
        "theme": "pink",
        "recent": ["/a.jpg", 3, None, "/b.jpg"],
        "window": None,
        "splitter": "wide",
        "unknown": {"x": 1},
    }
    write(json.dumps({"format": 1, **good, **bad}))
    assert load_settings() == Settings(
        model="resnet18", show_crop=True, recent=("/a.jpg", "/b.jpg")
    )


def test_settings_of_a_newer_version_are_read_as_far_as_they_go() -> None:
    write(json.dumps({"format": 99, "model": "resnet18", "device": {"kind": "npu"}}))
    assert load_settings() == Settings(model="resnet18")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '"x"', "[" * 100_000, "\x00\x01"])
def test_a_damaged_file_is_put_aside_and_the_program_starts(text: str) -> None:
    path = write(text)
    assert load_settings() == Settings()
    assert not path.exists()
    assert path.with_name("settings.json.damaged").read_text(encoding="utf-8") == text
    save_settings(FULL)
    assert load_settings() == FULL


def test_bytes_that_are_no_utf8() -> None:
    write("x").write_bytes(b"\xff\xfe{}")
    assert load_settings() == Settings()


def test_a_folder_that_cannot_be_written_is_a_sentence(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "config").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match=r"could not be saved to .*settings\.json.*permissions"):
        save_settings(FULL)
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("splitter", [10**9, 5], ()),
        ("splitter", [700, 300, 200], (700, 300)),
        ("splitter", [True, 300], ()),
        ("columns", [0, 222, 0], (0, 222, 0)),
        ("columns", [0, "wide"], ()),
        ("splitter", [-1, 300], ()),
        ("splitter", [0, 0], ()),
        ("splitter", [1.5, 300], ()),
        ("model", ["resnet18"], ""),
        ("model", "\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("model", "x" * 10**6, "x" * 8192),
        ("recent", {"a": 1}, ()),
        ("recent", ["/a", "/a", "\0"], ("/a", "\N{REPLACEMENT CHARACTER}")),
        ("recent", [f"/{n}" for n in range(10_000)], tuple(f"/{n}" for n in range(MAX_RECENT))),
        ("show_crop", 1, False),
        ("window", 7, ""),
        ("device", {"kind": "cpu"}, "auto"),
    ],
)
def test_values_of_a_wrong_kind_or_size(field: str, value: object, found: object) -> None:
    write(json.dumps({"format": 1, "last_folder": "/photos", field: value}))
    assert load_settings() == dataclasses.replace(Settings(last_folder="/photos"), **{field: found})


@pytest.mark.parametrize(
    "text", ['{"splitter": [1e999, 1]}', '{"x": NaN}', '{"x": ' + "9" * 5000 + "}", '{"x": ' * 900]
)
def test_numbers_and_nesting_that_no_program_writes(text: str) -> None:
    path = write(text)
    assert load_settings() == Settings()
    assert path.with_name("settings.json.damaged").read_text(encoding="utf-8") == text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "folder", "endless"])
def test_settings_that_are_no_file(kind: str) -> None:
    path = write("x")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    assert load_settings() == Settings()
    save_settings(FULL)
    assert load_settings() == FULL
    assert os.path.lexists(path.with_name("settings.json.damaged"))


# --- two windows ------------------------------------------------------------------------------


def test_two_windows_keep_each_others_settings() -> None:
    save_settings(FULL)
    one = two = load_settings()
    mine = dataclasses.replace(one, theme="light", model="resnet18").with_recent("/one.jpg")
    save_settings(mine, one)
    theirs = dataclasses.replace(two, show_crop=False, model="vgg").with_recent("/two.jpg")
    found = save_settings(theirs, two)
    assert found == load_settings()
    assert (found.theme, found.show_crop, found.model) == ("light", False, "vgg")
    assert found.recent == ("/two.jpg", "/one.jpg", *FULL.recent)
    # What the first one does not know of stays, and its own next change comes to it.
    later = dataclasses.replace(mine, device="cpu")
    found = save_settings(later, mine)
    assert (found.device, found.show_crop, found.model) == ("cpu", False, "vgg")
    assert found.recent == ("/two.jpg", "/one.jpg", *FULL.recent)


@pytest.mark.parametrize(
    ("stored", "mine", "since", "found"),
    [
        ("ba", "a", "a", "ba"),  # nothing opened here
        ("ba", "ca", "a", "cba"),
        ("xab", "ba", "ab", "bxa"),  # one that was known already
        ("xab", "cdab", "ab", "cdxab"),
        ("xab", "", "ab", ""),  # cleared here: what others opened, too
        ("xab", "c", "ab", "c"),
        ("x", "c", "", "cx"),
        ("", "", "", ""),
        ("xabcdefghijk", "yabcdefghijk", "abcdefghijkl", "yxabcdefghij"),  # 12 at most
    ],
)
def test_recent_files_of_two_windows(stored: str, mine: str, since: str, found: str) -> None:
    values = [Settings(recent=tuple(letters)) for letters in (stored, mine, since)]
    assert "".join(merged(*values).recent) == found


def test_two_windows_keep_each_others_network_settings() -> None:
    since = HttpSettings(proxy="none")
    save_http_settings(since)
    save_http_settings(dataclasses.replace(since, offline=True), since)
    found = save_http_settings(dataclasses.replace(since, ca_bundle=Path("/x.pem")), since)
    assert found == load_http_settings()
    assert found == HttpSettings("none", Path("/x.pem"), offline=True)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"proxy": NaN}', "[]", '{"proxy": ["a"], "mirror": 7, "offline": true}'],
)
def test_network_settings_that_nobody_wrote(text: str) -> None:
    write("x").with_name("network.json").write_text(text)
    assert load_http_settings() == HttpSettings(offline="offline" in text)


CHILD = """
import dataclasses, sys
from resnet_gui.core.system.settings import load_settings, save_settings
since = load_settings()
name = sys.argv[1]
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    mine = since.with_recent(f"/{name}{number}")
    mine = dataclasses.replace(mine, **{name: f"{name}{number}"})
    save_settings(mine, since)
    since = mine
"""


def test_two_processes_save_at_once_and_nothing_is_lost() -> None:
    save_settings(Settings(theme="dark"))
    names = ("model", "last_folder", "device")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[3],
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    found = load_settings()
    assert [getattr(found, name) for name in names] == [f"{name}19" for name in names]
    assert found.theme == "dark"
    assert len(found.recent) == MAX_RECENT
    order = {name: [p for p in found.recent if p.startswith(f"/{name}")] for name in names}
    for name, mine in order.items():
        assert mine == [f"/{name}{number}" for number in range(19, 19 - len(mine), -1)], name


def test_recent_files_newest_first_without_doubles() -> None:
    settings = Settings()
    for n in range(20):
        settings = settings.with_recent(f"/{n}.jpg")
    settings = settings.with_recent("/15.jpg")
    assert len(settings.recent) == MAX_RECENT
    assert settings.recent[:3] == ("/15.jpg", "/19.jpg", "/18.jpg")
    assert len(set(settings.recent)) == MAX_RECENT


# --- where things are -------------------------------------------------------------------------


def test_one_variable_moves_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_GUI_HOME", str(tmp_path / "h"))
    for place in (
        paths.data_dir(), paths.config_dir(), paths.log_dir(),
        paths.user_models_dir(), paths.torch_hub_checkpoints_dir(), settings_path(),
    ):  # fmt: skip
        assert place.is_relative_to(tmp_path / "h")
    monkeypatch.delenv("RESNET_GUI_HOME")
    assert not paths.data_dir().is_relative_to(tmp_path)
    monkeypatch.setenv("RESNET_GUI_HOME", "~/elsewhere")
    assert paths.data_dir() == Path.home() / "elsewhere" / "data"


def test_the_samples_are_there() -> None:
    assert [path.name for path in paths.sample_photos()] == [
        "cat.jpg",
        "espresso.jpg",
        "rocket.jpg",
    ]
    assert (paths.assets_dir() / "icon.svg").is_file()
    assert paths.bundled_models_dir().is_dir()


# --- atomic writing ---------------------------------------------------------------------------


def test_a_block_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    atomic.write_text(target, "old")
    with pytest.raises(KeyboardInterrupt), atomic.replacing(target) as temporary:  # noqa: PT012 - the block is what is tested
        temporary.write_text("half")
        assert target.read_text() == "old"
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_the_new_content_takes_the_place(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    atomic.write_text(target, "old")
    with atomic.replacing(target) as temporary:
        assert temporary.parent == target.parent  # else the swap would not be one
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_others_may_read_what_the_umask_allows(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    atomic.write_text(tmp_path / "atomic", "x")
    assert stat.S_IMODE((tmp_path / "atomic").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_text_is_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "t", "größe\nzwei\n")
    assert (tmp_path / "t").read_bytes() == "größe\nzwei\n".encode()
    atomic.write_json(tmp_path / "j", {"ü": 1})
    assert (tmp_path / "j").read_bytes() == '{\n  "ü": 1\n}\n'.encode()


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    """The temporary file's name is longer than the target's, and 255 bytes are the limit."""
    target = tmp_path / ("n" * 250)
    atomic.write_text(target, "x")
    assert target.read_text() == "x"
