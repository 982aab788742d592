"""Changing the network settings: check what a form cannot see, move the weights, then store.

Until the new settings are stored the old ones are in force and every file is whole where they
say; afterwards likewise with the new ones. So Cancel, a full disk or a crash lose nothing.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.fetch import Rate
from resnet_gui.core.http.settings import (
    HttpSettings,
    load_http_settings,
    save_http_settings,
)
from resnet_gui.core.system.disk import check_space
from resnet_gui.core.system.files import check_regular
from resnet_gui.core.system.locks import Timeout
from resnet_gui.core.zoo.providers.registry import published_specs
from resnet_gui.core.zoo.storage.remote_file import PART_SUFFIX, not_downloading, weights_file_name
from resnet_gui.core.zoo.storage.store import copy_file

_SUFFIXES = ("", PART_SUFFIX, f"{PART_SUFFIX}.json")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A setting that cannot be used: `field` of HttpSettings, and why in words."""

    field: str
    message: str


def apply_network_settings(
    draft: HttpSettings, *, move: bool, since: HttpSettings | None = None
) -> Generator[DownloadProgress | FieldProblem, None, HttpSettings | None]:
    """A job: check and store settings.

    Args:
        move: bring the weights along if the folder changes.
        since: what the draft was made from: what another window changed since stays.

    Yields:
        one FieldProblem per setting that cannot be used, or the progress of moving.

    Returns:
        the settings that are in force now; None if there was a problem.

    Raises:
        DownloadError: no space in the new folder, or it cannot be written.
        ModelError: something is being downloaded right now.
        SettingsError: the settings cannot be stored.
    """
    problems = [*_ca_problem(draft), *_folder_problem(draft)]
    yield from problems
    if problems:
        return None
    source, target = load_http_settings().weights_dir(), draft.weights_dir()
    if move and source.resolve() != target.resolve():
        return (yield from _relocate(source, target, draft, since))
    return save_http_settings(draft, since)


def _ca_problem(draft: HttpSettings) -> Generator[FieldProblem, None, None]:
    bundle = draft.ca_bundle
    if bundle is None:
        return
    if not bundle.exists():
        yield FieldProblem("ca_bundle", f"{bundle} is not there.")
        return
    if bundle.is_dir():
        return  # certificates in a folder are looked up one by one when they are needed
    try:
        check_regular(bundle)
    except OSError as error:
        yield FieldProblem("ca_bundle", f"{bundle.name} could not be read ({error.strerror}).")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError):
        yield FieldProblem(
            "ca_bundle",
            f"{bundle.name} holds no certificates that can be read. It should be a PEM file, with "
            "lines that say BEGIN CERTIFICATE.",
        )


def _folder_problem(draft: HttpSettings) -> Generator[FieldProblem, None, None]:
    folder = draft.weights_folder
    if folder is None:
        return
    if not folder.is_absolute():
        yield FieldProblem("weights_folder", "Write the whole path of the folder.")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield FieldProblem(
            "weights_folder", f"Nothing can be written to {folder} ({error.strerror})."
        )


def _relocate(
    source: Path, target: Path, draft: HttpSettings, since: HttpSettings | None
) -> Generator[DownloadProgress, None, HttpSettings]:
    """Copy, store the settings, delete. Only files of the zoo's models are touched: torch hub's
    cache belongs to other programs too."""
    names = [weights_file_name(spec) for spec in published_specs()]
    files = [source / f"{name}{end}" for name in names for end in _SUFFIXES]
    files = [path for path in files if path.is_file()]
    with contextlib.ExitStack() as stack:
        for name in names:
            if any(path.name.startswith(name) for path in files):
                try:
                    stack.enter_context(not_downloading(source / name))
                except Timeout as error:
                    raise ModelError(
                        f"{name} is being downloaded right now.", "Wait for it or cancel it first."
                    ) from error
        copied: list[Path] = []
        try:
            yield from _copy(files, target, copied)
            stored = save_http_settings(draft, since)
        except BaseException:  # Cancel too: the old folder still has everything
            for path in copied:
                path.unlink(missing_ok=True)
            raise
        for path in files:
            with contextlib.suppress(OSError):  # twice on the disk, but nothing lost
                path.unlink()
        return stored


def _copy(
    files: list[Path], target: Path, copied: list[Path]
) -> Generator[DownloadProgress, None, None]:
    sizes = {path: path.stat().st_size for path in files}
    total, done, rate = sum(sizes.values()), 0, Rate()
    for path in files:
        place = target / path.name
        if not place.exists():
            copied.append(place)  # before it is there: Cancel may come between
        note = f"Moving {path.name}…"
        yield DownloadProgress(path.name, done, total, rate.at(done), note)
        try:
            os.link(path, place)  # on the same disk: at once, and no second copy
        except OSError:
            check_space(target, sizes[path])
            for here in copy_file(path, place):
                at = done + here
                yield DownloadProgress(path.name, at, total, rate.at(at), note)
        done += sizes[path]
        yield DownloadProgress(path.name, done, total, rate.at(done), note)
