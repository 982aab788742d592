"""What providers of published weights share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from resnet_gui.core.http.settings import load_http_settings
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState


def published_entries(
    specs: Iterable[ModelSpec], cache: Path, needs: str = ""
) -> Iterator[ModelEntry]:
    """Entries with their weights' place: the folder of the settings, or else another cache.

    Args:
        cache: where other programs keep the same files.
        needs: as in `ModelEntry`.
    """
    folders = dict.fromkeys((load_http_settings().weights_dir(), cache))
    for spec in specs:
        paths = (folder / spec.url.rsplit("/", 1)[-1] for folder in folders)
        path = next((path for path in paths if path.is_file()), None)
        state = ModelState.DOWNLOADABLE if path is None else ModelState.CACHED
        yield ModelEntry(spec, state, path, needs=needs)
