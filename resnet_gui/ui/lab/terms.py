"""The Lab's words, each in a sentence: what a tooltip says where one of them stands."""

from __future__ import annotations

TERMS = {
    "accuracy": (
        "The share of images that the network names rightly. The papers draw the error, which is "
        "the rest: 81% accuracy is 19% error."
    ),
    "training accuracy": (
        "On the images that the network learns from, as an epoch's mean, before each step."
    ),
    "validation accuracy": (
        "On images that the network does not learn from, after the epoch. This is what counts for "
        "new photos."
    ),
    "epoch": "One pass over all training images.",
    "best epoch": (
        "The epoch whose network is kept as the model: the one with the lowest validation loss, or "
        "from scratch with the highest validation accuracy."
    ),
    "overfitting": (
        "The network knows its training images by heart and does worse on others. Its training "
        "accuracy is high then."
    ),
    "gradient": (
        "How much, and in which direction, each weight should change to lower the loss. Where "
        "gradients are far too small or far too large, a layer hardly learns."
    ),
    "loss": "How wrong the answers are, as one number. Training makes it smaller.",
    "weights": "The numbers in a network's layers. Training changes nothing else.",
    "layer": "One step of a network's computation, mostly a convolution.",
    "convolution": "A layer that looks for small patterns all over the image.",
    "block": "A few layers that belong together; in a residual network, with a shortcut around.",
    "shortcuts": "Ways around a few layers, on which what comes in is added to what comes out.",
    "plain": "Without shortcuts: each layer gets only what the one before it made.",
    "residual": "With shortcuts: the layers of a block learn F(x), and x itself is added.",
    "F(x)": "What the layers of a block make of their input x. The block gives F(x) + x.",
    "batch normalisation": (
        "After each convolution, values are brought to mean 0 and spread 1 over the batch."
    ),
    "initialisation": "Before training: the weights are random.",
    "median": "The value in the middle: half of the blocks lie below it.",
}
_ALSO = {
    "shortcuts": ("shortcut",),
    "gradient": ("gradients",),
    "initialisation": ("random weights", "untrained", "before training", "at the start"),
    "F(x)": ("‖f(x)‖",),
}


def explain(*terms: str) -> str:
    """A tooltip for some terms."""
    return "\n".join(f"{term[0].upper()}{term[1:]}: {TERMS[term]}" for term in terms)


def explain_text(text: str) -> str:
    """A tooltip for the terms that a text uses; "" for none."""
    lower = text.lower()
    used = [
        term
        for term in TERMS
        if any(word.lower() in lower for word in (term, *_ALSO.get(term, ())))
    ]
    # "Accuracy" needs no line of its own beside both kinds of it.
    if {"training accuracy", "validation accuracy"} & set(used) and len(used) > 4:
        used.remove("accuracy")
    return explain(*used)
