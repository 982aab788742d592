"""The Lab's words: why residual networks work, first for somebody who has never heard of them, then
exactly.

The exact account follows He et al., Deep Residual Learning for Image Recognition, 2015
(arXiv:1512.03385), sections 1, 3.1 and 4.1; He et al., Identity Mappings in Deep Residual Networks,
2016 (arXiv:1603.05027), section 2; Yang et al., A Mean Field Theory of Batch Normalization, 2019
(arXiv:1902.08129). The note is a picture of the first paper's hypothesis (section 3.1): to pass
something on unchanged is hard to learn for layers that make everything anew, and easy for layers
that add a difference. It says nothing of gradients. What is measured stands there in the words of
the recorded trainings' numbers.
"""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from resnet_gui.core.lab.sentences import depth_in_plain_words, start_sentence
from resnet_gui.ui.lab.account import Account
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.why_drawings import BlocksDrawing, NoteDrawing


def _whole(formula: str) -> str:
    """A formula that no end of a line breaks."""
    return formula.replace(" ", "\u00a0")


_PLAIN = (
    (
        "Many hands",
        "A network that recognises photos is made of layers. Each takes what the layer before it "
        "made of the photo, works on it, and hands it on: like a note that goes through 50 hands.",
    ),
    (
        "Written anew by each hand",
        "In a plain network the next layer gets nothing but what this one has written. Even where "
        "nothing should change, a layer has to copy everything, and copying has to be learned, "
        "too. Small mistakes add up: in the end nobody can read the note. More hands "
        "make it worse.",
    ),
    (
        "Handed on, with something pinned to it",
        "In a residual network the note itself goes on as it is, and each layer only pins a small "
        "correction to it. Where nothing should change it pins nothing, which is easy to learn. So "
        "more hands can help.",
    ),
)
_SEEN = "Seen in real trainings"
_NOT_SEEN = "The page Curves compares trainings of networks with few and with many layers."
_WATCH = "Watch them learn on the page Curves."
_PICTURE = (
    "The note is a picture of what the inventors of residual networks supposed, not a proof: a "
    "network hands on numbers and not words. What is known for certain, and what is not, says the "
    "exact account."
)
_EXACT = (
    (
        "The puzzle",
        "A deeper network can do all that a shallower one does: copy its layers and let the extra "
        "ones pass their input on unchanged. So it should never do worse. Yet plain deep networks "
        "do, on the very images they are trained with: training does not find that solution. "
        "It is not overfitting. Nor, say the authors of ResNet, are vanishing gradients to blame: "
        "with batch normalisation they found them of healthy size in their plain networks.",
    ),
    (
        "The idea",
        "Let H(x) be what a few layers should make of x. Do not ask them for H(x). Ask them for "
        f"the difference, {_whole('F(x) = H(x) − x')}, and add x again: "
        f"{_whole('H(x) = F(x) + x')}. To pass x on unchanged, the layers now only have to learn "
        f"{_whole('F(x) = 0')}. The shortcut that carries x costs no parameters. "
        "(Of the note: it is x, and what is pinned to it is F(x).)",
    ),
    (
        "The clear path",
        "If nothing but additions stands between the blocks, a late x is an early x plus a sum of "
        "all F between them. So the gradient reaches the early layer directly, as "
        f"{_whole('1 + …')}, and not only as a product of all layers between. In the first ResNets "
        "a ReLU still stands after each sum; the pre-activation kind (V2) clears the path fully.",
    ),
)
_MEASURED = "Measured here"
_NOT_MEASURED = (
    "Compute Plain-56 and ResNet-56 on the page Gradients and compare: what plain networks' "
    "gradients do before training is there to see."
)
_SOURCE = (
    "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015, sections 3.1 and 4.1 "
    "(arXiv:1512.03385); Identity Mappings in Deep Residual Networks, 2016, section 2 "
    "(arXiv:1603.05027). On gradients at the start: Yang et al., A Mean Field Theory of Batch "
    "Normalization, 2019 (arXiv:1902.08129)."
)


class LabWhy(QStackedWidget):
    """Two accounts, each as large as the window allows.

    Attributes:
        plain: in plain words, first. exact: with formulas and papers.
        seen, measured: what the recorded trainings show of it, in the one and in the other.
    """

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.setAccessibleName("Why it works")
        self.plain = Account(
            "A note through 50 hands",
            (*_PLAIN, (_SEEN, _NOT_SEEN)),
            _PICTURE,
            NoteDrawing(),
            ("The exact account  →", "With formulas, what is measured, and the papers"),
        )
        self.exact = Account(
            "H(x) = F(x) + x",
            (*_EXACT, (_MEASURED, _NOT_MEASURED)),
            _SOURCE,
            BlocksDrawing(),
            ("←  In plain words", "A note through 50 hands"),
        )
        self.seen, self.measured = self.plain.texts[-1], self.exact.texts[-1]
        for account, other in ((self.plain, self.exact), (self.exact, self.plain)):
            self.addWidget(account)
            account.turned.connect(self._on_turned)
            account.setAccessibleName(account.title.text())
            account.turn.setAccessibleDescription(other.title.text())
        controller.histories_changed.connect(self._on_histories_changed)
        self._on_histories_changed()

    @property
    def account(self) -> Account:
        """Which of them is in front."""
        return self.exact if self.currentWidget() is self.exact else self.plain

    @Slot()
    def _on_turned(self) -> None:
        self.setCurrentWidget(self.plain if self.account is self.exact else self.exact)
        self.account.turn.setFocus()  # by the keys, back again

    @Slot()
    def _on_histories_changed(self) -> None:
        histories, names = self._controller.histories, self._controller.names
        seen = depth_in_plain_words(histories)
        self.plain.set_text(len(_PLAIN), f"{seen} {_WATCH}" if seen else _NOT_SEEN)
        self.exact.set_text(len(_EXACT), start_sentence(histories, names) or _NOT_MEASURED)

    def set_scale(self, scale: float) -> None:
        self.account.fit()  # as large as fits, in either mode

    def refresh_theme(self) -> None:
        self.account.drawing.update()
