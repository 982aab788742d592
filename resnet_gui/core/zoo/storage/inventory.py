"""What of the zoo is on this computer, in one look at the disk, and taking a model away. Without
torch. Both are jobs: a cache folder may lie on a slow drive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from resnet_gui.core.events import ModelRemoved
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.system.files import check_regular, move_to_trash
from resnet_gui.core.zoo.spec import ModelEntry, ModelState
from resnet_gui.core.zoo.storage.store import (
    DiskUse,
    Speed,
    disk_use,
    load_speeds,
    partial_bytes,
    remove_weights,
)

# The table's sizes are rounded to some hundred bytes; a file that was cut off lacks more.
_LACKS = 0.99


@dataclass(frozen=True, slots=True)
class Inventory:
    """The zoo as it was a moment ago. The mappings' keys are model ids; what has nothing is not
    in them.

    Attributes:
        entries: all models.
        use: how much space they take.
        settings: the network settings in force.
        file_bytes: size of each weights file that is here.
        part_bytes: what has arrived of interrupted downloads.
        speeds: how fast each model was, the fastest device first.
        problems: why a file that is here cannot be trusted, in words.
    """

    entries: tuple[ModelEntry, ...]
    use: DiskUse
    settings: HttpSettings
    file_bytes: Mapping[str, int]
    part_bytes: Mapping[str, int]
    speeds: Mapping[str, tuple[Speed, ...]]
    problems: Mapping[str, str]

    def entry(self, model_id: str) -> ModelEntry | None:
        return next((entry for entry in self.entries if entry.spec.id == model_id), None)

    def same_models(self, other: Inventory) -> bool:
        """Whether the same models are here in the same state. The space that is left and measured
        speeds change all the time and say nothing of that."""
        return (
            self.entries == other.entries
            and self.settings == other.settings
            and self.file_bytes == other.file_bytes
            and self.part_bytes == other.part_bytes
            and self.problems == other.problems
        )


def take_inventory(entries: Callable[[], list[ModelEntry]]) -> Iterator[Inventory]:
    """A job: one Inventory."""
    settings = load_http_settings()
    folder = settings.weights_dir()
    found = tuple(entries())
    file_bytes, part_bytes, problems = {}, {}, {}
    for entry in found:
        spec = entry.spec
        if entry.weights_path is not None and (size := _size(entry)):
            file_bytes[spec.id] = size
            if entry.state is ModelState.CACHED and size < spec.bytes * _LACKS:
                problems[spec.id] = (
                    f"{entry.weights_path.name} is cut off: it has {size / 1e6:,.1f} MB of "
                    f"{spec.bytes / 1e6:,.1f} MB. Download it again."
                )
        if entry.problem:
            problems[spec.id] = entry.problem
        if spec.url and (part := partial_bytes(spec, folder)):
            part_bytes[spec.id] = part
    speeds: dict[str, tuple[Speed, ...]] = {}
    for speed in sorted(load_speeds().values(), key=lambda speed: speed.ms_per_photo):
        speeds[speed.model] = (*speeds.get(speed.model, ()), speed)
    use = disk_use(found, folder)
    yield Inventory(found, use, settings, file_bytes, part_bytes, speeds, problems)


def remove_model(entry: ModelEntry) -> Iterator[ModelRemoved]:
    """A job: take a model's file away. An own model goes to the trash, as nobody else has it;
    downloaded weights are deleted.

    Yields:
        one ModelRemoved.

    Raises:
        ModelError: it came with the program, or is being downloaded right now.
        DownloadError, RunError: its file cannot be deleted.
    """
    freed = _size(entry)
    if entry.state is ModelState.YOURS:
        if entry.weights_path is not None and entry.weights_path.exists():
            move_to_trash(entry.weights_path)
        yield ModelRemoved(entry.spec.id, entry.spec.title, freed, to_trash=True)
        return
    freed = remove_weights(entry, load_http_settings().weights_dir())
    yield ModelRemoved(entry.spec.id, entry.spec.title, freed, to_trash=False)


def _size(entry: ModelEntry) -> int:
    try:
        return check_regular(entry.weights_path) if entry.weights_path else 0
    except OSError:  # gone, or no file: a folder with a model's name may hold all of the disk
        return 0
