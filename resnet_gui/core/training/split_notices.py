"""What a run says of how its photos are divided. No torch here."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from resnet_gui.core.dataset import DatasetSummary
from resnet_gui.core.dataset.bursts import torn_sentence
from resnet_gui.core.dataset.split import Split
from resnet_gui.core.dataset.summary import count_noun, name_list
from resnet_gui.core.events import Notice


def split_notices(
    model: str, summary: DatasetSummary, split: Split, known: Collection[str], burst_s: float
) -> Iterator[Notice]:
    """What to bear in mind with the accuracy.

    Args:
        model: title of the model that the run starts from.
        known: paths of the photos that it learned from.
        burst_s: as in `make_split`.
    """
    if known:
        yield _known_before(model, summary, split, known)
    if split.seeded and burst_s:
        torn = torn_sentence(summary, {item.path for item in split.val}, burst_s)
        if torn:
            yield Notice(torn)


def _known_before(
    model: str, summary: DatasetSummary, split: Split, known: Collection[str]
) -> Notice:
    """What a run says that starts from a model which learned from some of its photos."""
    left_out = len(summary.photos) - len(split.train) - len(split.val) - len(split.test)
    text = (
        f"“{model}” learned from {len(known):,} of these {len(summary.photos):,} photos "
        "already. What the new model is worth is measured without them: "
    )
    if split.val:
        text += f"the {count_noun(len(split.val), 'validation photo')} are new to it."
        shown = {item.label for item in split.val}
        unseen = [name for label, name in enumerate(split.classes) if label not in shown]
        if unseen:
            these = "these are" if len(unseen) > 1 else "it is"
            text += (
                f" Of {name_list(unseen)} there is none among them: how well {these} recognised is "
                "not known."
            )
    else:
        text += (
            "as no others are left to validate with, the last epoch is taken, and its accuracy is "
            "not known. Add new photos to learn it."
        )
    if left_out:
        where = "of the folder’s validation and test part"
        text += (
            f" {count_noun(left_out, 'photo')} {where} {'are' if left_out > 1 else 'is'} not used."
        )
    return Notice(text)
