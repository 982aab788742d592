"""Sentences of the Improve page."""

from __future__ import annotations

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.improve.events import LeastSure, SuspectsFound
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line


def suspects_text(found: SuspectsFound) -> str:
    """What a look for wrong labels came to."""
    judged = count_noun(found.judged, "photo")
    if found.wrong:
        is_ = "is" if found.wrong == 1 else "are"
        text = f"{found.wrong:,} of {judged} {is_} probably in the wrong class, the worst first."
    else:
        text = (
            f"None of {judged} is clearly in the wrong class. All of them, the least fitting first."
        )
    few = [f"“{one_line(class_words(item.label), 40)}”" for item in found.few[:3]]
    if few:
        more = f" and {len(found.few) - 3:,} more" if len(found.few) > 3 else ""
        text += f" Too few photos to judge: {', '.join(few)}{more}."
    return " ".join([text, *found.sentences])


def round_text(found: LeastSure) -> str:
    """What is there to label."""
    if not found.guesses:
        text = "All photos of this choice are labelled or set aside."
    else:
        photos = count_noun(len(found.guesses), "photo")
        text = (
            f"{photos} of {found.left:,} without a class, those first of which the model is least "
            f"sure. It has learned from {found.labelled:,}."
        )
    if found.duplicates:
        is_ = "is" if found.duplicates == 1 else "are"
        text += f" {found.duplicates:,} {is_} in the folder already."
    return " ".join([text, *found.sentences])
