"""The columns of the table of photos."""

from __future__ import annotations

from resnet_gui.ui.library.arrangement import SortBy

COLUMNS = (
    ("Photo", SortBy.NAME),
    ("Answer", SortBy.ANSWER),  # as in exports
    ("Probability", SortBy.PROBABILITY),
    ("Margin", SortBy.MARGIN),
    ("Model", SortBy.MODEL),
    ("Date", SortBy.DATE),
    ("Folder", SortBy.FOLDER),
    ("Models before", SortBy.BEFORE),
)
BEFORE = len(COLUMNS) - 1  # only of use once another model was asked
NUMBERS = (2, 3)  # columns that stand at the right
TIPS = {
    1: "What stands under the photo: its class, or, where no class is sure, what the most likely "
    "ones are kinds of. An export has it as “Answer”, and the most likely class as “Best class”.",
    2: "How likely the model thinks the answer is. In an export: “Answer’s probability”.",
    3: "How far the second most likely class is behind: a small margin is a close call",
    BEFORE: "What the models said that were asked before this one, the last one first. The pointer "
    "on an answer shows which model gave it.",
    5: "When the photo was taken, if the camera noted it; else when the file was changed",
}
