"""Whether a form of 8 bits fits the photos that it is asked about now. No torch here.

It was made from a person's photos of one day. Those of another kind may meet numbers in the network
that it has no room for, and then it answers wrongly without a sign. So of a job of many photos it
answers the first few beside the usual form, which has the last word. The first of all waits for
that form to be opened: who asks about many can wait for a moment, but not see what is wrong.
"""

from __future__ import annotations

import logging

import numpy as np

from resnet_gui.core.inference.backend import INT8, Backend, Crops, softmax
from resnet_gui.core.inference.check import TOLERANCES, margins
from resnet_gui.core.inference.open_backend import open_converted
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
# A dozen photos of the usual form take as long as two dozen more; who asks about 64 would notice.
_COMPARED = 8
# One that is answered otherwise may be a hard one; of another kind several are.
_MOST_APART = 1


class Guard:
    """Watches one job.

    Args of the constructor:
        entry: the model, if it answers in 8 bits; None: there is nothing to watch.
        made: the form of 8 bits, as in `Backend`; "" if it is none.

    Attributes:
        refused: whether it answers too many photos too differently.
    """

    def __init__(self, entry: ModelEntry | None, made: str = "") -> None:
        self.made = made
        self.refused = False
        self._entry = entry
        self._left = 0 if entry is None else _COMPARED
        self._apart = 0
        self._usual: Backend | None = None

    @property
    def done(self) -> bool:
        """Whether enough was compared."""
        return self._left <= 0

    def usual_instead(self, quick: Backend, crops: Crops) -> Backend | None:
        """The usual form, if `quick` answers any of these photos too differently."""
        if self._entry is None or self.done:
            return None
        if self._usual is None:
            self._usual = open_converted(self._entry)
        if self._usual is None:  # it was cleared meanwhile
            self._left = 0
            return None
        self._left -= len(crops)
        try:
            apart = _apart(self._usual, quick, crops)
        except (RuntimeError, NotImplementedError) as error:
            _log.warning("not compared: %s", error)  # whoever answers sees what fails
            return None
        self._apart += apart
        if self._apart > _MOST_APART:
            self.refused, self._left = True, 0
        return self._usual if apart else None


def _apart(usual: Backend, quick: Backend, crops: Crops) -> int:
    """How many photos get another answer than they may."""
    allowed = TOLERANCES[INT8]
    truth, found = softmax(usual.infer(crops)), softmax(quick.infer(crops))
    other = (truth.argmax(axis=1) != found.argmax(axis=1)) & (margins(truth) > allowed.margin)
    far = np.abs(truth - found).max(axis=1) > allowed.probabilities
    return int((other | far | ~np.isfinite(found).all(axis=1)).sum())
