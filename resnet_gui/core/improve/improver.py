"""Looking through a folder for the window and the terminal. Light to import; what it does needs
torch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.events import Notice
from resnet_gui.core.improve.events import Improving, LeastSure, SuspectsFound
from resnet_gui.core.improve.values import Decisions
from resnet_gui.core.zoo import Zoo

ROUND = 20  # photos to label at once


class Improver:
    """Judges photos by a head on a model's features. One thread at a time may use it.

    Features are taken from where training and earlier looks keep them, and kept there; those of the
    last folder also in memory until `free`, so that the next round takes a second.
    """

    def __init__(self, zoo: Zoo) -> None:
        self._zoo = zoo

    def suspects(
        self,
        summary: DatasetSummary,
        model_id: str,
        decisions: Decisions | None = None,
        *,
        device: str = "auto",
        seed: int = 0,
    ) -> Generator[Improving | Notice | SuspectsFound, None, None]:
        """Rank the photos of a labelled folder by how little their label fits.

        Args:
            decisions: what was decided already (`agree`d): new labels count instead of old ones,
                photos that are set aside not at all; none of them is listed again.
            seed: of the division into folds; the same photos and seed give the same result.

        Yields:
            Improving, Notice, and one SuspectsFound.

        Raises:
            ImproveError: there are not two classes with enough photos.
            ModelError: the model cannot be used.
        """
        raise NotImplementedError

    def least_sure(
        self,
        summary: DatasetSummary,
        photos: Sequence[Path],
        model_id: str,
        decisions: Decisions | None = None,
        *,
        count: int = ROUND,
        device: str = "auto",
    ) -> Generator[Improving | Notice | LeastSure, None, None]:
        """One round: learn a head from the folder and from what was decided, and find the
        unlabelled photos of which it is least sure.

        Args:
            photos: unlabelled ones, files or folders. Those about which something was decided are
                left out; those that were given a class are learned from.
            decisions: as of `suspects`.
            count: how many are wanted.

        Yields:
            Improving, Notice, and one LeastSure.

        Raises:
            ImproveError: there are not two classes, or no unlabelled photo.
            ModelError: the model cannot be used.
        """
        raise NotImplementedError

    def free(self) -> None:
        """Forget what is kept in memory."""
        raise NotImplementedError
