"""Answers of a test that is not finished, so that it goes on where it was stopped. No torch.

A row of numbers for each photo, its logits and what the head saw, in the cache of features: found
by the photo's content, under all that decides the numbers (weights, backend, precision, versions).
Rows are written every half a minute, and when the test is stopped or fails.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from resnet_gui import __version__
from resnet_gui.core.evaluation.answers import Answered, answers_of
from resnet_gui.core.evaluation.store import weights_key
from resnet_gui.core.inference.backend import LIBRARIES, Backend, Rows
from resnet_gui.core.inference.feature_cache import (
    HASHED_AT_ONCE,
    MAX_BYTES,
    FeatureCache,
    kept_width,
    photo_keys,
    used_bytes,
)
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_EVERY_S = 30.0
_MOST_BYTES = 64_000_000  # of rows that wait in memory


class BegunTest:
    """What a model answered to photos in a test that did not end, through one backend.

    Args:
        of: what the test is of (its folder, its part …): a test of something else neither looks
            here nor takes away what is here.
    """

    def __init__(self, entry: ModelEntry, backend: Backend, of: Sequence[str]) -> None:
        self._to_tell = False  # all that was found has come, and nobody has said so
        self._spec, self._backend = entry.spec, backend
        self._depends = _depends(entry, backend, of)
        self._cache: FeatureCache | None = None
        self._waiting: list[tuple[Path, Rows]] = []
        self._began_ns = time.time_ns()
        self._written = time.monotonic()

    def answers(self, paths: Sequence[Path]) -> Generator[Answered, None, None]:
        """As `answers_of`: first those that were found, then the others. Where it is closed, or
        fails, before its end, what was answered is on the disk; at its end `keep` or `forget` is
        the caller's. A photo that could not be read is asked about again.

        Raises as `answers_of`.
        """
        rest = yield from self._found(paths)
        try:
            answers = answers_of([paths[n] for n in rest], self._spec, self._backend)
            with contextlib.closing(answers):
                for answered in answers:
                    failed = {rest[n]: message for n, message in answered.failed.items()}
                    answered.positions = [rest[n] for n in answered.positions]
                    answered.failed = failed
                    self._add(paths, answered)
                    yield answered
        except BaseException:
            self.keep()
            raise

    def going_on(self, done: int, photos: int) -> str:
        """A sentence for a person, when all that was found has come; else "".

        Args:
            done: how many photos have come. photos: all of them.
        """
        tell, self._to_tell = self._to_tell and bool(done), False
        if not tell:
            return ""
        return (
            f"The last test with “{self._spec.title}” was not finished: it goes on. {done:,} of "
            f"{photos:,} photos were answered then."
        )

    def forget(self) -> None:
        """The test has its result, or begins anew: nothing is kept of it."""
        self._waiting.clear()
        if self._depends is not None:
            FeatureCache(self._depends, 1).remove()

    def _found(self, paths: Sequence[Path]) -> Generator[Answered, None, list[int]]:
        """Yields what was found; returns the positions of the other photos."""
        width = 0 if self._depends is None else kept_width(self._depends)
        classes = len(self._spec.classes)
        if self._depends is None or width < classes:
            return list(range(len(paths)))
        self._cache = FeatureCache(self._depends, width)
        rest: list[int] = []
        for start in range(0, len(paths), HASHED_AT_ONCE):
            some = paths[start : start + HASHED_AT_ONCE]
            rows, numbers = self._cache.find(photo_keys(some))
            found = {start + number for number in numbers}
            rest += [n for n in range(start, start + len(some)) if n not in found]
            seen = list(rows[:, classes:]) if width > classes else []
            # Also where nothing was found: it is read as far as this, and could be stopped here.
            yield Answered(len(numbers), sorted(found), list(rows[:, :classes]), features=seen)
        self._to_tell = True
        return rest

    def _add(self, paths: Sequence[Path], answered: Answered) -> None:
        if self._depends is None or not answered.positions:
            return
        rows = np.stack(answered.logits)
        if len(answered.features) == len(rows):
            rows = np.concatenate([rows, np.stack(answered.features)], axis=1)
        if self._cache is None:
            self._cache = FeatureCache(self._depends, rows.shape[1])
        if rows.shape[1] != self._cache.width:
            return
        self._waiting += zip((paths[n] for n in answered.positions), rows, strict=True)
        large = len(self._waiting) * rows[0].nbytes > _MOST_BYTES
        if large or time.monotonic() - self._written > _EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Write what waits in memory."""
        self._written = time.monotonic()
        if self._cache is None or not self._waiting:
            return
        paths = [path for path, _ in self._waiting]
        rows = np.stack([row for _, row in self._waiting])
        self._waiting.clear()
        if used_bytes() + rows.nbytes > MAX_BYTES:
            _log.info("there is no room to keep what a test answered so far")
            return  # features that trainings kept are worth more: a test forgets its own at its end
        # A photo that was changed meanwhile may not be the one that was answered.
        read = zip(paths, photo_keys(paths), strict=True)
        keys = [b"" if self._changed(path) else key for path, key in read]
        if self._cache.add(keys, rows) is None and all(keys):
            _log.warning("what a test answered so far could not be kept in %s", self._cache.folder)

    def _changed(self, path: Path) -> bool:
        try:
            info = path.stat()
        except OSError:
            return True
        changed = info.st_mtime_ns if os.name == "nt" else info.st_ctime_ns
        return changed >= self._began_ns


def _depends(entry: ModelEntry, backend: Backend, of: Sequence[str]) -> dict[str, object] | None:
    """All that decides the rows; None: the model's file cannot be read any more."""
    try:
        weights = weights_key(entry)
    except OSError:
        return None
    device = backend.device
    return {
        "kind": "test",
        "of": list(of),
        "weights": weights,
        "backend": [backend.name, backend.precision, backend.made],
        "device": [device.kind, device.name, device.driver],
        "versions": [
            __version__, version_of("pillow"), version_of(LIBRARIES.get(backend.name, "")),
        ],
    }  # fmt: skip
