"""Figures equal those of scikit-learn and torchmetrics, on random answers."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

from resnet_gui.core.evaluation.metrics import (
    BINS,
    calibration_error,
    confidences_of,
    coverage_at,
    coverage_curve,
    figures_of,
    log_probabilities,
    losses_of,
    margins_of,
    reliability,
)
from tests.helpers.predictions import answers

random_answers = st.builds(
    answers, st.integers(1, 120), st.integers(2, 12), st.integers(0, 10**6), st.floats(0.1, 8)
)


def test_very_many_classes_take_no_more_room_than_their_photos() -> None:
    """50,000 classes, the most that a model may have: their whole matrix would take 20 GB."""
    logits, truth = answers(4, 50_000, 0)
    labels = tuple(map(str, range(50_000)))
    tracemalloc.start()
    found = figures_of(logits, truth, labels)
    matrix = found.confusion(found.occurring)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60_000_000
    assert matrix.sum() == 4
    assert np.trace(matrix) == found.right
    assert len(found.occurring) <= 8


@settings(max_examples=60, deadline=None)
@given(random_answers)
def test_figures_are_scikit_learns(made: tuple[Any, Any]) -> None:
    logits, truth = made
    classes = logits.shape[1]
    labels = list(range(classes))
    found = figures_of(logits, truth, tuple(map(str, labels)))
    said = logits.argmax(axis=1)
    assert found.confusion().tolist() == sk.confusion_matrix(truth, said, labels=labels).tolist()
    assert found.accuracy == pytest.approx(sk.accuracy_score(truth, said))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        truth, said, labels=labels, zero_division=0
    )
    for index, item in enumerate(found.classes):
        assert (item.recall or 0.0) == pytest.approx(recall[index])
        assert (item.precision or 0.0) == pytest.approx(precision[index])
        assert (item.f1 or 0.0) == pytest.approx(f1[index])
        assert item.support == support[index]
    # Of the classes that occur, as scikit-learn takes them by itself.
    for name, score in (
        ("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score),
    ):  # fmt: skip
        expected = score(truth, said, average="macro", zero_division=0)
        assert found.macro(name) == pytest.approx(expected)
    k = min(5, classes)
    if k < classes:
        top = sk.top_k_accuracy_score(truth, logits, k=k, labels=labels)
        assert found.top5 == pytest.approx(top)
    else:
        assert found.top5 == 1
    probabilities = np.exp(log_probabilities(logits))
    assume(probabilities.min() > np.finfo(float).eps)  # scikit-learn takes smaller ones for it
    assert found.loss == pytest.approx(sk.log_loss(truth, probabilities, labels=labels), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(random_answers)
def test_calibration_error_and_accuracy_are_torchmetrics(made: tuple[Any, Any]) -> None:
    logits, truth = made
    confidences, right = confidences_of(logits), logits.argmax(axis=1) == truth
    probabilities = torch.from_numpy(np.exp(log_probabilities(logits)))
    # torchmetrics gives what rounds to 1 a bin of its own beyond the last one.
    assume(float(probabilities.float().max()) < 1)
    expected = multiclass_calibration_error(
        probabilities, torch.from_numpy(truth), logits.shape[1], n_bins=BINS, norm="l1"
    )
    assert calibration_error(reliability(confidences, right)) == pytest.approx(
        float(expected), abs=1e-6
    )
    found = figures_of(logits, truth, tuple("abcdefghijkl"[: logits.shape[1]]))
    accuracy = multiclass_accuracy(
        torch.from_numpy(logits), torch.from_numpy(truth), logits.shape[1], average="micro"
    )
    assert found.accuracy == pytest.approx(float(accuracy))


def test_bins_hold_every_photo_once() -> None:
    logits, truth = answers(500, 4, 1)
    bins = reliability(confidences_of(logits), logits.argmax(axis=1) == truth)
    assert len(bins) == BINS
    assert sum(item.photos for item in bins) == 500
    assert all(item.low < item.confidence <= item.high for item in bins if item.photos)


def test_coverage_falls_and_equals_what_is_counted() -> None:
    logits, truth = answers(300, 3, 2)
    confidences, right = confidences_of(logits), logits.argmax(axis=1) == truth
    curve = coverage_curve(confidences, right)
    assert (curve[0].answered, curve[0].right) == (300, int(right.sum()))
    assert curve == [coverage_at(confidences, right, item.threshold) for item in curve]
    counts = [item.answered for item in curve]
    assert counts == sorted(counts, reverse=True)


def test_nothing_at_all_is_no_error() -> None:
    logits, truth = np.zeros((0, 3), np.float32), np.zeros(0, np.int64)
    found = figures_of(logits, truth, ("a", "b", "c"))
    assert (found.n, found.accuracy, found.macro("f1")) == (0, 0.0, None)
    assert calibration_error(reliability(confidences_of(logits), truth == 1)) == 0
    assert len(losses_of(logits, truth)) == len(margins_of(logits)) == 0
