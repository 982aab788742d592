"""What is said of an accuracy on photos nearly all of which are of one class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resnet_gui.core.evaluation.evaluate import ClassMeasure, Evaluated
from resnet_gui.core.evaluation.metrics import figures_of
from resnet_gui.core.runs.events import Accuracy, RunFinished
from resnet_gui.core.runs.results import read_results
from resnet_gui.core.training.api import train
from resnet_gui.core.words import lopsided_sentence, never_sentence, recognised_sentence
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

ALWAYS = (
    "9 of these 10 photos are of “green”: to answer “green” every time would be right for 90.0% of "
    "them. So look at each class, too."
)


def test_the_sentence() -> None:
    assert lopsided_sentence("green", 9, 10) == ALWAYS
    assert lopsided_sentence("green", 7, 10) == ""
    assert lopsided_sentence("green", 0, 0) == ""
    assert lopsided_sentence("", 10, 10) == ""
    assert lopsided_sentence("green", 3, 3) == (
        "All of these photos are of “green”: this says nothing of the other classes."
    )
    assert lopsided_sentence("green", 1, 1) == ""
    assert "be right for 99.9% of them" in lopsided_sentence("green", 9999, 10_000)
    assert "“" + "x" * 39 + "…”" in lopsided_sentence("x" * 500, 9, 10)


def test_a_run_says_it_and_its_file_does(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "castings", ("green",), count=40)
    make_photos(data, ("red",), count=5)
    *_, end = train(tiny_config(data, method="head", epochs=1), zoo=user_zoo())
    assert isinstance(end, RunFinished)
    accuracy = end.accuracy
    assert (accuracy.n, accuracy.common, accuracy.common_photos) == (9, "green", 8)
    said = accuracy.sentence()
    assert (
        "8 of these 9 photos are of “green”: to answer “green” every time would be right for 88.9% "
        "of them" in said
    )
    assert ("no more often" in said) is (accuracy.right <= 8)
    [(label, found, photos)] = accuracy.rare
    assert (label, photos) == ("red", 1)
    assert accuracy.right - 8 <= found <= 1
    assert said.endswith(f"It recognised {found} of 1 “red”.")
    [run] = (Path(end.model_path).parents[1] / "runs").iterdir()
    again = read_results(run).end
    assert isinstance(again, RunFinished)
    assert again.accuracy == accuracy


def test_a_run_that_is_no_better_than_one_answer_says_so() -> None:
    """ "97.4% validation accuracy" was a model that passes every casting."""
    accuracy = Accuracy("validation", 0.9, 0.6, 0.98, 9, 10, 0, "green", 9)
    same = ALWAYS.replace("them.", "them, and this model is right no more often.")
    assert accuracy.sentence().endswith(same)
    better = Accuracy("validation", 1.0, 0.7, 1.0, 10, 10, 0, "green", 9)
    assert better.sentence().endswith(ALWAYS)


def test_one_photo_that_could_not_be_read() -> None:
    accuracy = Accuracy("test", 0.5, 0.1, 0.9, 1, 2, 1)
    assert accuracy.sentence().endswith("; 1 more photo of this part could not be read.")


def test_an_evaluation_says_it() -> None:
    truth = np.array([0] * 9 + [1])
    logits = np.zeros((10, 2), np.float32)
    rare = " It recognised 0 of 1 “red”."
    assert figures_of(logits, truth, ("green", "red")).lopsided() == ALWAYS + rare
    fewer = ALWAYS.replace("9 of these 10", "4 of these 5").replace("90.0%", "80.0%")
    assert figures_of(logits[5:], truth[5:], ("green", "red")).lopsided() == fewer + rare
    assert figures_of(logits[7:], truth[7:], ("green", "red")).lopsided() == ""


def test_a_class_that_is_never_answered_is_named() -> None:
    """ "83.3% right" was a model that passes every defect."""
    truth = np.array([0] * 30 + [1] * 6)
    logits = np.tile(np.array([1, 0], np.float32), (36, 1))
    said = figures_of(logits, truth, ("OK", "defect")).lopsided()
    assert said.startswith("30 of these 36 photos are of “OK”")
    assert said.endswith("It never answered “defect”: none of these 6 photos was recognised.")
    logits[-1] = (0, 1)
    said = figures_of(logits, truth, ("OK", "defect")).lopsided()
    assert said.endswith("So look at each class, too. It recognised 1 of 6 “defect”.")
    assert never_sentence([]) == never_sentence([("rare", 4)]) == ""
    many = [("a", 5), ("b", 9), ("c", 7), ("d", 5), ("e", 1), ("f", 6)]
    assert never_sentence(many) == (
        "It never answered “b”, “c”, “f” or 2 others: none of these 32 photos was recognised."
    )


def test_the_terminal_says_it_too() -> None:
    classes = (
        ClassMeasure("OK", 30, 30, 1.0, 30 / 36),
        ClassMeasure("defect", 6, 0, 0.0, None),
    )
    done = Evaluated(
        "m", "/d", "all", 36, 0, 30 / 36, (0.7, 0.9), 1.0, 0.4, classes, ("OK", "defect"), ()
    )
    assert "It never answered “defect”" in done.caution()


def test_how_many_of_the_rare_ones_were_recognised() -> None:
    """ "98.1% right" hides that of five foxes one was found."""
    assert recognised_sentence([]) == recognised_sentence([("ghost", 0, 0)]) == ""
    assert recognised_sentence([("badger", 2, 2), ("fox", 1, 5)]) == (
        "It recognised 1 of 5 “fox” and 2 of 2 “badger”."
    )
    many = [("a", 1, 1), ("b", 0, 9), ("c", 1, 2), ("d", 1, 3)]
    assert recognised_sentence(many) == (
        "It recognised 0 of 9 “b”, 1 of 3 “d”, 1 of 2 “c” and 1 of 1 photo of 1 other class."
    )
