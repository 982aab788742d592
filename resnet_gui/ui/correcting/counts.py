"""How many decisions there are, also in words."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_gui.core.words import count_noun


@dataclass(frozen=True, slots=True)
class Counts:
    """How many decisions there are.

    Attributes:
        moves, aside: that Apply would carry out. Of `moves`, labelled: photos that never had a
            class and get one; back: photos that were set aside before.
        fine: that move nothing.
        done: whether some were carried out, so that photos lie elsewhere now.
    """

    moves: int = 0
    aside: int = 0
    labelled: int = 0
    fine: int = 0
    back: int = 0
    done: bool = False

    @property
    def pending(self) -> int:
        return self.moves + self.aside


def counts_text(counts: Counts) -> str:
    """ "12 decisions not applied yet: 10 to other classes, 2 set aside. 3 marked as fine." """
    text = ""
    if counts.pending:
        relabelled = counts.moves - counts.labelled - counts.back
        parts = [
            f"{number:,} {words}"
            for number, words in (
                (relabelled, "to other classes" if relabelled != 1 else "to another class"),
                (counts.labelled, "newly labelled"),
                (counts.back, "brought back"),
                (counts.aside, "set aside"),
            )
            if number
        ]
        text = f"{count_noun(counts.pending, 'decision')} not applied yet: {', '.join(parts)}."
    if counts.fine:
        text += f" {counts.fine:,} marked as fine."
    nothing = "All that was decided is carried out." if counts.done else "Nothing is decided yet."
    return text.strip() or nothing
