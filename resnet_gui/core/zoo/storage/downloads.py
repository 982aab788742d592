"""Weights from the network to the disk: resumable, checked, atomic, one at a time per file.

While a download runs there are beside the file-to-be: `<file>.part` (what has arrived),
`<file>.part.json` (where it came from and the server's mark of its version) and `.<file>.lock`.
Only bytes whose published hash (SHA-256, or MD5) is right ever get the file's own name.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO

from resnet_gui.core import errors
from resnet_gui.core.errors import NetworkError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.fetch import TICK_S, Patience, Rate, Reply, ask, raise_for_status
from resnet_gui.core.http.settings import HttpSettings, host_of, load_http_settings
from resnet_gui.core.system.disk import check_space, disk_errors
from resnet_gui.core.system.locks import TidyLock, Timeout
from resnet_gui.core.zoo.spec import ModelSpec
from resnet_gui.core.zoo.storage.remote_file import (
    PART_SUFFIX,
    Part,
    RemoteFile,
    lock_path,
    weights_file_name,
)

_BY_HAND = (
    "You can also fetch the file on another computer and take it in with “Import weights…” or "
    "“resnet-gui import FILE”."
)
_MIRROR = "Another source of the files (a mirror) can be entered in the settings under Network."
_READ = 1024 * 1024
_NEW_BYTES = 64 * 1024  # a try that brought so much does not count as a failure

Downloading = Generator[DownloadProgress, None, None]


def download_weights(
    spec: ModelSpec,
    folder: Path | None = None,
    settings: HttpSettings | None = None,
    patience: Patience | None = None,
) -> Generator[DownloadProgress, None, Path]:
    """Bring one model's weights into a folder.

    A file that is there already is checked and taken; a part of it is gone on with. Closing the
    generator (Cancel) hangs up and keeps the part.

    Args:
        folder: made if it is not there. None: the one in the settings.
        settings: None: the stored ones.

    Yields:
        progress several times a second, also while waiting: for the server, for another program
        that downloads the same file, before the next try. `note` says for what.

    Returns:
        the file, whose hash was checked.

    Raises:
        NetworkError: a subclass that names what went wrong; the part is kept for the next time.
        DownloadError: a subclass: wrong hash, disk full, folder not writable.
        ModelError: the model has no weights that can be downloaded.
        SettingsError: the mirror or the CA bundle cannot be used.
    """
    settings = settings or load_http_settings()
    weights_file_name(spec)
    file = RemoteFile(spec.title, spec.url, spec.sha256_prefix, spec.bytes, spec.md5)
    try:
        return (
            yield from download_file(file, folder or settings.weights_dir(), settings, patience)
        )
    except NetworkError as error:
        if error.blocked:
            error.add_advice(_BY_HAND)
        if isinstance(error, errors.NotFoundError | errors.AccessRefusedError):
            error.add_advice(_MIRROR)
        raise


def download_file(
    file: RemoteFile,
    folder: Path,
    settings: HttpSettings | None = None,
    patience: Patience | None = None,
) -> Generator[DownloadProgress, None, Path]:
    """As `download_weights`, for any published file, from the mirror where one is set.

    Raises:
        NetworkError, SettingsError: as `download_weights`.
    """
    settings = settings or load_http_settings()
    download = _Download(file, folder, settings, patience or Patience())
    try:
        return (yield from download.run())
    except NetworkError as error:
        if error.transient and download.done:
            error.add_advice("What has arrived is kept: the next try goes on from there.")
        raise


class _Download:
    """One download from start to end. Everything that blocks is acquired inside `run`."""

    def __init__(
        self, file: RemoteFile, folder: Path, settings: HttpSettings, patience: Patience
    ) -> None:
        self.file = file
        self.settings = settings
        self.patience = patience
        self.folder = folder
        self.target = folder / file.name
        self.part = self.target.with_name(self.target.name + PART_SUFFIX)
        self.sidecar = self.target.with_name(self.target.name + PART_SUFFIX + ".json")
        mirror = settings.effective_mirror()
        self.url = f"{mirror}/{self.target.name}" if mirror else file.url
        self.done = 0
        self.total = file.bytes
        self.in_pieces = False  # the part's bytes came in more than one answer
        self.digest = file.checksum.new()
        self.rate = Rate()

    def run(self) -> Generator[DownloadProgress, None, Path]:
        if (yield from self._is_here()):
            return self.target
        if self.settings.offline:
            raise errors.OfflineModeError(self.url, self.target.name)
        with self._disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
        # Not bound to a thread: a generator may be closed by another one than drove it.
        lock = TidyLock(lock_path(self.target))
        yield from self._acquire(lock)
        try:
            if (yield from self._is_here()):
                return self.target  # another program was quicker
            with self._disk_errors(), self.part.open("ab+", buffering=0) as file:
                yield from self._fill(file)
                os.fsync(file.fileno())
            with self._disk_errors():
                self.part.replace(self.target)
            self.sidecar.unlink(missing_ok=True)
        finally:
            self._drop_empty_part()
            lock.release()
        return self.target

    def _drop_empty_part(self) -> None:
        with contextlib.suppress(OSError):
            if self.part.stat().st_size == 0:
                self.part.unlink()
                self.sidecar.unlink(missing_ok=True)

    def _is_here(self) -> Generator[DownloadProgress, None, bool]:
        """Whether the file is there and right. Nothing is deleted: a wrong one is replaced."""
        try:
            if not self.target.is_file():
                return False
            check = self.file.checksum.of(self.target)
            found = yield from self._report(check, "Checking the file that is here…")
        except OSError:
            return False
        return self.file.checksum.matches(found)

    def _report(
        self, check: Generator[int, None, str], note: str
    ) -> Generator[DownloadProgress, None, str]:
        last = time.monotonic()
        while True:
            try:
                done = next(check)
            except StopIteration as end:
                return str(end.value)
            if time.monotonic() - last >= TICK_S:
                last = time.monotonic()
                yield DownloadProgress(self.file.title, done, self.total, 0.0, note)

    def _acquire(self, lock: TidyLock) -> Downloading:
        while True:
            try:
                with self._disk_errors():
                    lock.acquire()
                return
            except Timeout:
                yield self._progress("Another program is downloading this file; waiting for it…")
                time.sleep(TICK_S)

    def _fill(self, file: IO[bytes]) -> Downloading:
        """Until the part holds the whole file and its hash is right."""
        yield from self._take_up(file)
        failures, restarted = 0, False
        while True:
            before = self.done
            try:
                yield from self._fetch(file)
            except NetworkError as error:
                if not error.transient:
                    raise
                failures = 1 if self.done - before >= _NEW_BYTES else failures + 1
                if failures >= self.patience.attempts:
                    raise
                yield from self._pause(error, failures)
                continue
            found = self.digest.hexdigest()
            if self.file.checksum.matches(found):
                yield self._progress()
                return
            mixed = self.in_pieces
            self._start_over(file)
            self.sidecar.unlink(missing_ok=True)
            if restarted or not mixed:
                expected = self.file.checksum.value
                raise errors.WrongHashError(
                    self.url, self.target.name, expected, found, self.file.checksum.title
                )
            restarted = True  # the pieces did not fit together: once more, from the start

    def _take_up(self, file: IO[bytes]) -> Downloading:
        """Go on with what an earlier download left."""
        self.done = os.fstat(file.fileno()).st_size
        if not self.done:
            return
        self.in_pieces = True
        file.seek(0)
        read, last = 0, time.monotonic()
        while chunk := file.read(_READ):
            self.digest.update(chunk)
            read += len(chunk)
            if time.monotonic() - last >= TICK_S:
                last = time.monotonic()
                yield DownloadProgress(
                    self.file.title, read, self.total, 0.0, "Reading what has arrived before…"
                )

    def _fetch(self, file: IO[bytes]) -> Downloading:
        """One try: ask for what is missing, write what comes."""
        known = Part.read(self.sidecar)  # if not: the hash decides in the end
        if self.done and known and known.total == self.done:
            return  # it was whole but for the check
        self._check_space(max(0, self.total - self.done))
        headers = {}
        if self.done:
            headers["Range"] = f"bytes={self.done}-"
            if known and known.url == self.url and known.validator:
                headers["If-Range"] = known.validator
        yield self._progress(f"Connecting to {host_of(self.url)}…")
        stream = ask(self.url, self.settings, self.patience, headers)
        last, ended = time.monotonic(), 0
        with contextlib.closing(stream):
            try:
                for item in stream:
                    if isinstance(item, Reply):
                        ended = self._begin(item, file)
                        if ended < 0:
                            return  # the hash decides whether to begin again
                    elif item is not None:
                        self._write(file, item)
                    if item is None or time.monotonic() - last >= TICK_S:
                        last = time.monotonic()
                        yield self._progress()
            except errors.TruncatedError as error:
                raise self._truncated(ended) from error
        if ended and self.done < ended:
            raise self._truncated(ended)
        if not ended:
            self.total = self.done

    def _truncated(self, total: int) -> errors.TruncatedError:
        return errors.TruncatedError(self.url, host_of(self.url), self.done, total)

    def _begin(self, reply: Reply, file: IO[bytes]) -> int:
        """Look at the answer's head and set the part to where its body goes on.

        Returns:
            the whole file's size in bytes, 0 if the server does not say, -1 if no body is wanted.
        """
        if reply.status == 416 and self.done:
            # Asked for bytes behind the end: all are here, or it is another file now.
            if reply.headers.get("content-range", "") != f"bytes */{self.done}":
                self._start_over(file)
                self.in_pieces = True  # ask once more
            return -1
        raise_for_status(reply)
        if reply.is_web_page:
            raise errors.WebPageError(
                reply.url,
                f"{host_of(reply.url)} sent a web page instead of {self.target.name}.",
                "The network may want you to log in first: open any page in a browser, then try "
                "again.",
            )
        total = reply.length or 0
        if reply.status == 206:
            start, whole = _content_range(reply)
            if start != self.done:
                self._start_over(file)
                self.in_pieces = True  # ask once more
                return -1
            self.in_pieces = True
            total = whole or (self.done + total if total else 0)
        elif self.done:
            self._start_over(file)  # no Range support, or the file changed
        limit = self._limit()
        if limit and total > limit:
            raise self._too_large(limit)
        if total:
            self.total = total
            self._check_space(total - self.done)
        with self._disk_errors():
            Part(self.url, _validator(reply), total).write(self.sidecar)
        return total

    def _write(self, file: IO[bytes], data: bytes) -> None:
        limit = self._limit()
        if limit and self.done + len(data) > limit:
            self._start_over(file)
            raise self._too_large(limit)
        rest = memoryview(data)
        while rest:  # unbuffered writes may be short, on a full disk for one
            written = file.write(rest)
            self.digest.update(rest[:written])
            self.done += written
            rest = rest[written:]

    def _start_over(self, file: IO[bytes]) -> None:
        file.truncate(0)
        self.done = 0
        self.in_pieces = False
        self.digest = self.file.checksum.new()

    def _limit(self) -> int:
        """More bytes than this cannot be the file. 0: its size is not known."""
        return self.file.bytes + self.file.bytes // 10 + 100_000 if self.file.bytes else 0

    def _too_large(self, limit: int) -> errors.TooLargeError:
        return errors.TooLargeError(
            self.url,
            f"{host_of(self.url)} sends something much larger than {self.target.name} is; it was "
            "thrown away.",
            limit,
            "Check the mirror in the settings under Network.",
        )

    def _pause(self, error: NetworkError, failures: int) -> Downloading:
        seconds = self.patience.backoff_s * 2.0 ** (failures - 1)
        seconds = max(seconds, getattr(error, "retry_after_s", 0.0))
        end = time.monotonic() + min(seconds, self.patience.longest_pause_s)
        while (left := end - time.monotonic()) > 0:
            yield self._progress(f"{error.what} Trying again in {left:.0f} s…")
            time.sleep(min(TICK_S, left))

    def _progress(self, note: str = "") -> DownloadProgress:
        total = max(self.total, self.done) if self.total else 0
        return DownloadProgress(self.file.title, self.done, total, self.rate.at(self.done), note)

    def _check_space(self, missing: int) -> None:
        check_space(self.folder, missing, self.url)

    def _disk_errors(self) -> contextlib.AbstractContextManager[None]:
        return disk_errors(self.folder, max(self.total - self.done, 0), self.url)


def _content_range(reply: Reply) -> tuple[int, int]:
    """First byte and size of the whole file (0: not said); (-1, 0) if it cannot be read."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("content-range", ""))
    if match is None:
        return -1, 0
    return int(match[1]), int(match[2]) if match[2] != "*" else 0


def _validator(reply: Reply) -> str:
    """What If-Range may carry: weak ETags may not."""
    etag = reply.headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return reply.headers.get("last-modified", "")
