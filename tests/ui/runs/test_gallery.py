"""Photos of a comparison: what of them can be decided about."""

from __future__ import annotations

import pytest

from resnet_gui.core.evaluation.paired import Compared, PairedPhoto
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.runs.gallery import PairedPhotos, answer_texts, in_folder
from tests.helpers.fake_engine import Rig


def test_a_class_is_called_as_its_folder_is() -> None:
    assert in_folder("/photos/train/Sea_Lions/1.jpg", "sea lions") == "Sea_Lions"
    assert in_folder("/photos/other/1.jpg", "ants") == "ants"


@pytest.mark.parametrize(
    ("first", "second", "guess"),
    [
        (("bee", 0.6), ("bee", 0.9), ("bee", 0.9)),  # both say it
        (("ant", 0.7), ("bee", 0.8), ("bee", 0.8)),  # one says another class
        (("bee", 0.7), ("ant", 0.8), ("bee", 0.7)),
        (("ant", 0.7), ("ant", 0.8), ("", 0.0)),  # it is right
        (("bee", 0.7), ("wasp", 0.8), ("", 0.0)),  # nobody knows which of the two
    ],
)
def test_the_guess_is_what_the_models_do_not_disagree_about(
    rig: Rig, first: tuple[str, float], second: tuple[str, float], guess: tuple[str, float]
) -> None:
    photos = PairedPhotos(rig.io, Corrector(rig.io, Filer(rig.io, rig.parent), rig.parent))
    photos.setParent(rig.parent)
    photo = PairedPhoto("/p/Ant/1.jpg", "ant", first[0], second[0], first[1], second[1])
    photos.show_result(Compared(("a", "b"), ("A", "B"), "/p", "all", (photo,)))
    photos.show_photos((photo,))
    judged = photos.judged(0)
    assert (judged.label, judged.guess, judged.probability) == ("Ant", *guess)


def test_who_is_wrong_is_told_without_colour() -> None:
    photo = PairedPhoto("/x/1.jpg", "red", "green", "red", 0.9, 0.8)
    assert answer_texts(photo) == ("red", "A ✗ green 90%", "B ✓ red 80%")
