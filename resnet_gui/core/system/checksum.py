"""What a published file's bytes are checked against. Without torch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_gui.core.system.files import open_regular

if TYPE_CHECKING:
    from hashlib import _Hash

_FORMS = {"sha256": re.compile(r"[0-9a-f]{8,64}"), "md5": re.compile(r"[0-9a-f]{32}")}
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checksum:
    """The hash that a publisher gives.

    Attributes:
        algorithm: "sha256", or "md5" where the publisher gives nothing better. Two files of one
            MD5 can be made on purpose, but nobody can make one for a file that exists already.
        value: what the hexadecimal digest begins with. An MD5 is always whole.
    """

    algorithm: str
    value: str

    @property
    def title(self) -> str:
        return {"sha256": "SHA-256", "md5": "MD5"}[self.algorithm]

    def is_valid(self) -> bool:
        """Whether it can tell the right bytes from wrong ones."""
        form = _FORMS.get(self.algorithm)
        return form is not None and form.fullmatch(self.value) is not None

    def new(self) -> _Hash:
        return new_hash(self.algorithm)

    def matches(self, digest: str) -> bool:
        """Whether a file of this hexadecimal digest is the published one; never if not valid."""
        return self.is_valid() and digest.startswith(self.value)

    def of(self, path: Path) -> Generator[int, None, str]:
        """The file's digest; see `hashes_of`."""
        found = yield from hashes_of(path, (self.algorithm,))
        return found[self.algorithm]


def published_checksum(sha256_prefix: str, md5: str) -> Checksum:
    """The better one of what a publisher gives; not valid where that is nothing."""
    return Checksum("md5", md5) if md5 and not sha256_prefix else Checksum("sha256", sha256_prefix)


def new_hash(algorithm: str) -> _Hash:
    return hashlib.new(algorithm, usedforsecurity=algorithm != "md5")


def hashes_of(path: Path, algorithms: tuple[str, ...]) -> Generator[int, None, dict[str, str]]:
    """A file's digests in hexadecimal, by algorithm; yields the bytes read so far, about every
    megabyte.

    Raises:
        OSError: it cannot be read, or is no plain file (a pipe, a device).
    """
    digests, done = {name: new_hash(name) for name in algorithms}, 0
    with open_regular(path) as file:
        while chunk := file.read(_READ):
            for digest in digests.values():
                digest.update(chunk)
            done += len(chunk)
            yield done
    return {name: digest.hexdigest() for name, digest in digests.items()}
