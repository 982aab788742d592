"""Downloads against a real server that misbehaves. The hash check is never switched off: the
specs name their random file after its own hash."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import random
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from resnet_gui.core import errors
from resnet_gui.core.errors import ModelError, NetworkError, SettingsError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.zoo.storage.downloads import download_weights
from tests.helpers.download_server import FAST, ONCE, Answer, Site, drive, serve, wait_for_threads

SIZE = 3_000_000


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    yield
    assert wait_for_threads() == []


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(random.Random(7).randbytes(SIZE)) as running:
        yield running


def part_of(site: Site, folder: Path) -> Path:
    return folder / f"{site.file_name}.part"


def assert_whole(site: Site, folder: Path, path: Path) -> None:
    assert path == folder / site.file_name
    assert path.read_bytes() == site.content
    assert [p.name for p in folder.iterdir() if p.is_file()] == [site.file_name]


def fails(
    site: Site, folder: Path, kind: type[NetworkError], settings: HttpSettings | None = None
) -> NetworkError:
    """One try that must fail by this name and leave no file of the final name."""
    with pytest.raises(kind) as caught:
        drive(download_weights(site.spec(), folder, settings, ONCE))
    assert type(caught.value) is kind
    assert not (folder / site.file_name).exists()
    assert not list(folder.glob(".*.lock"))
    assert caught.value.what.endswith(".")
    assert caught.value.advice.endswith(".")
    return caught.value


def test_a_download_ends_with_the_published_file(site: Site, tmp_path: Path) -> None:
    events, path = drive(download_weights(site.spec(), tmp_path / "new", patience=FAST))
    assert_whole(site, tmp_path / "new", path)
    assert events[-1].done == events[-1].total == SIZE
    assert events[0].total == SIZE
    assert "127.0.0.1" in events[0].note


def test_a_file_that_is_here_is_checked_and_not_fetched_again(site: Site, tmp_path: Path) -> None:
    drive(download_weights(site.spec(), tmp_path, patience=FAST))
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)
    assert len(site.requests) == 1


def test_a_damaged_file_that_is_here_is_replaced(site: Site, tmp_path: Path) -> None:
    (tmp_path / site.file_name).write_bytes(site.content[:-5])
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)


def test_cut_in_the_middle_then_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(cut_at=0.5)]
    error = fails(site, tmp_path, errors.TruncatedError)
    assert isinstance(error, errors.TruncatedError)
    assert (error.done, error.total) == (SIZE // 2, SIZE)
    assert "kept" in str(error)
    assert part_of(site, tmp_path).stat().st_size == SIZE // 2
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)
    assert site.ranges() == [None, f"bytes={SIZE // 2}-"]
    assert site.requests[1][1]["if-range"] == '"1"'


def test_a_part_of_the_version_before_goes_on(tmp_path: Path) -> None:
    side = Path(__file__).resolve().parents[2] / "fixtures" / "version_0" / "part.json"
    with serve(random.Random(7).randbytes(3000)) as site:
        part_of(site, tmp_path).write_bytes(site.content[:1500])
        text = side.read_text(encoding="utf-8").replace("@URL@", site.url)
        (tmp_path / f"{site.file_name}.part.json").write_text(text, encoding="utf-8")
        _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
        assert_whole(site, tmp_path, path)
        assert site.ranges() == ["bytes=1500-"]
        assert site.requests[0][1]["if-range"] == '"1"'


def test_a_line_that_breaks_again_and_again_still_ends(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(cut_at=0.5)] * 2 + [Answer(cut_at=0.1), Answer(cut_at=0.2)]
    events, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)
    assert len(site.requests) == 5
    assert any("Trying again in" in event.note for event in events)


def test_wrong_bytes_are_thrown_away(site: Site, tmp_path: Path) -> None:
    wrong = bytearray(site.content)
    wrong[SIZE // 3] ^= 1
    site.answers = [Answer(body=bytes(wrong))]
    error = fails(site, tmp_path, errors.WrongHashError)
    assert "SHA-256" in str(error)
    assert not list(tmp_path.glob("*.part*"))
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AccessRefusedError),
        (403, errors.AccessRefusedError),
        (404, errors.NotFoundError),
        (410, errors.NotFoundError),
        (418, errors.UnexpectedAnswerError),
    ],
)
def test_a_refusal_is_not_asked_again(
    site: Site, tmp_path: Path, status: int, kind: type[NetworkError]
) -> None:
    site.answers = [Answer(status=status)]
    with pytest.raises(kind, match=str(status)):
        drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert len(site.requests) == 1
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)


def test_a_server_in_trouble_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(status=500), Answer(status=503, headers=(("Retry-After", "0"),))]
    events, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)
    assert any("trouble" in event.note for event in events)


def test_a_server_that_stays_in_trouble_is_named(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(status=502)] * 3
    with pytest.raises(errors.ServerTroubleError, match="502"):
        drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert len(site.requests) == FAST.attempts


@pytest.mark.parametrize("answer", [Answer(stall_at=0.5), Answer(silent=True)])
def test_a_stall_is_named_and_never_blocks(site: Site, tmp_path: Path, answer: Answer) -> None:
    site.answers = [answer]
    times = [time.monotonic()]

    def watch(work: Generator[DownloadProgress, None, Path]) -> Iterator[None]:
        for _ in work:
            yield times.append(time.monotonic())

    with pytest.raises(errors.StalledError, match="Nothing has come"):
        list(watch(download_weights(site.spec(), tmp_path, patience=ONCE)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) < 0.35  # 0.1 s and what a busy machine adds
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)


def test_a_slow_server_is_waited_for(site: Site, tmp_path: Path) -> None:
    site.default = Answer(bytes_per_second=4e6)
    events, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)
    done = [event.done for event in events]
    assert done == sorted(done)
    assert len(set(done)) > 4
    middle = events[len(events) // 2]
    assert 1e6 < middle.bytes_per_second < 1e7
    assert middle.seconds_left is not None
    assert 0 < middle.seconds_left < 5


def test_a_server_without_ranges_sends_all_again(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(cut_at=0.5)]
    site.default = Answer(ranges=False)
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)
    assert site.ranges()[1] == f"bytes={SIZE // 2}-"


def test_a_server_that_does_not_say_the_size(site: Site, tmp_path: Path) -> None:
    site.default = Answer(length=False)
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)


def test_a_file_that_changed_between_two_parts(site: Site, tmp_path: Path) -> None:
    published, spec = site.content, site.spec()
    site.content, site.etag = random.Random(8).randbytes(SIZE), '"old"'
    site.answers = [Answer(cut_at=0.5)]
    with pytest.raises(errors.TruncatedError):
        drive(download_weights(spec, tmp_path, patience=ONCE))
    site.content, site.etag = published, '"new"'
    _, path = drive(download_weights(spec, tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)
    assert site.requests[1][1]["if-range"] == '"old"'
    assert len(site.requests) == 2  # the server said 200: the old half was dropped at once


def test_a_change_that_the_server_does_not_admit(site: Site, tmp_path: Path) -> None:
    published, spec = site.content, site.spec()
    site.etag = ""
    site.content = random.Random(8).randbytes(SIZE)
    site.answers = [Answer(cut_at=0.5)]
    with pytest.raises(errors.TruncatedError):
        drive(download_weights(spec, tmp_path, patience=ONCE))
    site.content = published
    _, path = drive(download_weights(spec, tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)
    assert site.ranges() == [None, f"bytes={SIZE // 2}-", None]


def test_weak_validators_are_not_used(site: Site, tmp_path: Path) -> None:
    site.etag, site.modified = 'W/"1"', "Sat, 01 Jan 2022 00:00:00 GMT"
    site.answers = [Answer(cut_at=0.5)]
    drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert site.requests[1][1]["if-range"] == site.modified


def test_a_server_that_answers_another_range(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(cut_at=0.5), Answer(range_shift=10)]
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)


def test_pieces_that_never_fit_end_with_an_error(site: Site, tmp_path: Path) -> None:
    part_of(site, tmp_path).write_bytes(b"x" * 1000)
    site.default = Answer(body=b"y" * SIZE)
    with pytest.raises(errors.WrongHashError):
        drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert len(site.requests) == 1


@pytest.mark.parametrize("extra", [0, 10])
def test_a_part_that_has_all_bytes_or_more(site: Site, tmp_path: Path, extra: int) -> None:
    part_of(site, tmp_path).write_bytes(site.content + b"x" * extra)
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)


def test_cancel_keeps_the_part_and_leaves_nothing_running(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(stall_at=0.4)]
    patient = dataclasses.replace(ONCE, stall_s=30)
    work = download_weights(site.spec(), tmp_path, patience=patient)
    while next(work).done < SIZE * 0.4:
        pass
    started = time.monotonic()
    work.close()
    assert time.monotonic() - started < 0.5
    assert wait_for_threads() == []
    assert not (tmp_path / site.file_name).exists()
    kept = part_of(site, tmp_path).stat().st_size
    assert kept == int(SIZE * 0.4)
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert_whole(site, tmp_path, path)
    assert site.ranges()[1] == f"bytes={kept}-"


def test_cancel_before_the_server_answers(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(silent=True)]
    work = download_weights(site.spec(), tmp_path)
    while not site.requests:
        next(work)
    started = time.monotonic()
    work.close()
    assert time.monotonic() - started < 0.5
    assert wait_for_threads() == []
    _, path = drive(download_weights(site.spec(), tmp_path, patience=FAST))
    assert_whole(site, tmp_path, path)


def test_a_second_download_of_the_same_file_waits(site: Site, tmp_path: Path) -> None:
    site.default = Answer(bytes_per_second=1e7)
    first = download_weights(site.spec(), tmp_path, patience=FAST)
    second = download_weights(site.spec(), tmp_path, patience=FAST)
    while next(first).done == 0:
        pass
    assert "Another program" in next(second).note
    _, path = drive(first)
    _, other = drive(second)
    assert_whole(site, tmp_path, path)
    assert other == path
    assert len(site.requests) == 1


def test_a_login_page_is_not_taken_for_weights(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(body=b"<html>log in", headers=(("Content-Type", "text/html"),))]
    assert "log in" in str(fails(site, tmp_path, errors.WebPageError))


@pytest.mark.parametrize("length", [True, False])
def test_something_much_larger_is_stopped(site: Site, tmp_path: Path, length: bool) -> None:
    site.answers = [Answer(body=bytes(SIZE * 2), length=length)]
    fails(site, tmp_path, errors.TooLargeError)
    assert not list(tmp_path.glob("*.part*"))


def test_offline_mode_sends_nothing_but_uses_what_is_here(site: Site, tmp_path: Path) -> None:
    offline = HttpSettings(offline=True)
    error = fails(site, tmp_path, errors.OfflineModeError, offline)
    assert "offline mode is on" in str(error)
    assert site.requests == []
    (tmp_path / site.file_name).write_bytes(site.content)
    _, path = drive(download_weights(site.spec(), tmp_path, offline, ONCE))
    assert path.exists()
    assert site.requests == []


def test_the_mirror_is_asked_instead(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = site.spec(url=f"https://weights.example/{site.file_name}")
    mirror = HttpSettings(mirror=f"{site.address}/a/")
    drive(download_weights(spec, tmp_path / "1", mirror, ONCE))
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", f"{site.address}/b")
    drive(download_weights(spec, tmp_path / "2", mirror, ONCE))
    paths = [path for path, _ in site.requests]
    assert paths == [f"/a/{site.file_name}", f"/b/{site.file_name}"]
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", "http://weights.example/")
    with pytest.raises(SettingsError, match="https"):
        drive(download_weights(spec, tmp_path / "3", mirror, ONCE))


def test_a_redirect_is_followed_but_not_into_the_open(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(status=302, headers=(("Location", f"{site.url}?moved"),))]
    _, path = drive(download_weights(site.spec(), tmp_path / "1", patience=ONCE))
    assert path.exists()
    assert len(site.requests) == 2
    site.answers = [Answer(status=302, headers=(("Location", "http://weights.example/x"),))]
    fails(site, tmp_path / "2", errors.BadAddressError)
    site.default = Answer(status=302, headers=(("Location", site.url),))
    with pytest.raises(errors.UnexpectedAnswerError, match="without end"):
        drive(download_weights(site.spec(), tmp_path / "3", patience=ONCE))


def test_nothing_is_fetched_that_could_not_be_checked(site: Site, tmp_path: Path) -> None:
    for changes in ({"sha256_prefix": ""}, {"url": "https://weights.example/"}):
        with pytest.raises(ModelError, match="not published"):
            drive(download_weights(site.spec(**changes), tmp_path, patience=ONCE))
    with pytest.raises(errors.BadAddressError):
        drive(download_weights(site.spec(url="http://weights.example/a.pth"), tmp_path))


def test_nobody_listens(site: Site, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        closed = stack.enter_context(serve(b"x"))
        url = f"{closed.address}/{site.file_name}"
    with pytest.raises(errors.UnreachableError, match="could not be reached"):
        drive(download_weights(site.spec(url=url), tmp_path, patience=FAST))
