"""What a person is told about classes and the folders that are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from resnet_gui.core.dataset.collection.folders import FolderMade
from resnet_gui.core.dataset.summary import name_list
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line

_NAMED = 3  # classes in a sentence


def folder_notices(event: FolderMade) -> Iterator[tuple[str, str]]:
    """What is to be said of a folder that was made: texts and their kinds, as a NoticeBar's."""
    if text := _missing_photos(event):
        yield text, "warning"
    if text := _other_folders(event):
        yield text, "notice"


def _missing_photos(event: FolderMade) -> str:
    """What was left out of a folder; "" for nothing."""
    if not event.missing:
        return ""
    count = len(event.missing)
    names = name_list([one_line(Path(path).name, 60) for path in event.missing])
    what = "A photo is not where it was" if count == 1 else f"{count:,} photos are gone"
    return f"{what}, or cannot be read: {names}. Left out."


def other_folder(name: str, folder: str) -> str:
    """No folder can be called like a class."""
    return (
        f"No folder can be called “{one_line(name, 60)}”: where folders are made of the classes, "
        f"and in a model, this one is called “{class_words(folder)}”."
    )


def _other_folders(event: FolderMade) -> str:
    """Which classes are called otherwise in a folder that was made of them; "": none is."""
    if not event.renamed:
        return ""
    pairs = [
        f"“{one_line(name, 60)}” is “{class_words(folder)}” in it" for name, folder in event.renamed
    ]
    more = len(pairs) - _NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f"No folder can be called like some of the classes: {', '.join(pairs[:_NAMED])}{rest}."


def in_two_classes_text(names: Sequence[str]) -> str:
    """Of photos that a model was trained on."""
    said = name_list([one_line(name, 60) for name in names])
    return (
        f"Some of the training photos are in two classes: {said}. A model cannot learn them; "
        "remove each from one."
    )


def extended_text(title: str) -> str:
    """The classes of a model are on the screen, to get another one."""
    return (
        f"These are the classes of “{one_line(title, 60)}”. Name the new one, add photos, and go "
        "on to training, which starts from that model. It has learned from some of these photos "
        "before, so the accuracy on the old classes may look better than it is."
    )


def not_extended_text(title: str, folder: Path) -> str:
    """A model's photos are gone. folder: where they were."""
    return (
        f"The photos that “{one_line(title, 60)}” was trained on are needed to add a class, and "
        f"they are not there any more ({one_line(str(folder))})."
    )
