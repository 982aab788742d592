"""Words that a person who knows photos, and not networks, may ask about, each in a sentence.

Labels explain the ones that stand in them by themselves (`plain_text`); what paints its text, or
has a button, asks `explained`.
"""

from __future__ import annotations

import re

# As it may stand in a text -> what it is. The longer comes before the shorter that it holds.
_TERMS = (
    (
        r"best epoch",
        "Best epoch: the one whose network is kept as the model. It has the lowest validation "
        "loss or, from scratch, the highest validation accuracy.",
    ),
    (
        r"epochs?",
        "Epoch: one pass over all training photos.",
    ),
    (
        r"learning rates?",
        "Learning rate: how far each step changes the weights. Too high, and the loss jumps; too "
        "low, and it hardly falls.",
    ),
    (
        r"loss(?:es)?",
        "Loss: how wrong the network is, also in how sure it is. Lower is better; 0 is perfect.",
    ),
    (
        r"accurac(?:y|ies)",
        "Accuracy: the share of photos whose first answer is right.",
    ),
    (
        r"95 % interval",
        "95 % interval: a few photos can be lucky or unlucky. In 19 of 20 such tests the share "
        "that is right of very many photos lies within it.",
    ),
    (r"top-1", "Top-1: the share of photos whose first answer is right."),
    (r"top-5", "Top-5: the share of photos where the right class is among the first five."),
    (
        r"F1",
        "F1: how well a class is found, from 0 to 100 %: high only if most of its photos are found "
        "and most of what is called so is right.",
    ),
    (
        r"backbones?",
        "Backbone: all of the network before its head; it turns a photo into features.",
    ),
    (
        r"heads?",
        "Head: the last part of the network, which makes classes of what the rest has seen.",
    ),
    (
        r"features?",
        "Features: the numbers to which the network reduces a photo before it names the class.",
    ),
    (
        r"validation|val\.",
        "Validation: photos kept aside that the network does not learn from; they tell how good it "
        "is on new ones.",
    ),
    (
        r"overfitting|overfits?",
        "Overfitting: learning the training photos by heart, instead of what they have in common.",
    ),
    (
        r"batch normalisation|BatchNorm",
        "Batch normalisation: brings the values of each layer to a like size, so that deep "
        "networks can be trained.",
    ),
    (r"batch(?: size)?", "Batch: the photos that one step learns from together."),
    (r"gradients?", "Gradient: in which direction, and how strongly, a weight should change."),
    (
        r"augment(?:ation|ed)",
        "Augmentation: photos are varied anew at every epoch, so that they are not learned by "
        "heart.",
    ),
    (r"parameters?", "Parameters: the numbers that a network learns, also called weights."),
    (
        r"initialisation|before training|untrained|random weights",
        "Before training, all numbers in a network are random.",
    ),
    (r"weights", "Weights: the numbers that a network has learned; a model's file holds them."),
    (r"GFLOPs?", "GFLOPs: how much is computed for one photo, in thousand millions of steps."),
    (
        r"convolutions?",
        "Convolution: a layer that looks for small patterns all over the image.",
    ),
    (r"F\(x\)", "F(x): what the layers of a block make of its input x."),
    (
        r"OpenVINO",
        "OpenVINO: computes a faster form of the model, which this computer makes of it. Its "
        "percentages differ by a percent or two from those of the model itself, which answers "
        "until that form is there.",
    ),
    (
        r"8 bits",
        "8 bits: a form of the model that computes with smaller numbers. It is quicker, and its "
        "percentages differ a little more.",
    ),
    (r"median", "Median: the value in the middle; half of them are lower."),
    (r"shortcuts?", "Shortcut: a path on which a block's input passes it by, unchanged."),
)
_FOUND = re.compile(
    "|".join(
        rf"(?P<t{number}>(?<![\w-])(?:{words})(?![\w-]))"
        for number, (words, _) in enumerate(_TERMS)
    ),
    re.IGNORECASE,
)
_MOST = 4  # of one text: more would cover the page


def explained(text: str) -> str:
    """What the words of the glossary mean that stand in a text: a sentence or two each, one below
    the other, in their order; empty if there are none."""
    found: dict[str, None] = {}
    for match in _FOUND.finditer(text):
        assert match.lastgroup is not None
        found[_TERMS[int(match.lastgroup[1:])][1]] = None
    return "\n".join(list(found)[:_MOST])
