"""The head against scikit-learn's, and what it says of labels that were planted wrong."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression

from resnet_gui.core.improve import head as heads
from resnet_gui.core.improve.head import FOLDS, Space, folds, learn, out_of_fold, probably_wrong
from tests.helpers.filing import result

T = TypeVar("T")
Array = npt.NDArray[Any]


def cloud(classes: int, each: int, width: int = 64, seed: int = 0, spread: float = 1.0) -> Any:
    """Features as networks give them, never negative, and their labels."""
    generator = np.random.default_rng(seed)
    middles = generator.gamma(1.0, 1.0, (classes, width))
    labels = np.repeat(np.arange(classes), each)
    rows = np.abs(middles[labels] + spread * generator.normal(size=(classes * each, width)))
    return rows.astype(np.float32), labels.astype(np.int64)


def judged(rows: Array, labels: Array, classes: int, seed: int = 0, **more: Any) -> Array:
    groups = more.pop("groups", np.arange(len(labels)))
    seen = Space.of(rows).see(rows)
    steps: Generator[Any, None, Array] = out_of_fold(seen, labels, groups, classes, seed, **more)
    return result(steps)


@pytest.mark.parametrize("classes", [2, 5])
def test_it_is_logistic_regression(classes: int) -> None:
    rows, labels = cloud(classes, 40)
    seen = Space.of(rows).see(rows)
    own = result(learn(seen, labels, classes)).probabilities(seen)
    # The bias as there: a column that is penalised a little.
    x = np.concatenate([seen, np.full((len(seen), 1), heads.BIAS)], axis=1)
    theirs = LogisticRegression(C=1, fit_intercept=False, tol=1e-8, max_iter=1000).fit(x, labels)
    expected = theirs.predict_proba(x)
    if classes > 2:
        assert np.abs(own - expected).max() < 0.01
    else:
        # Of two classes theirs has one row of weights, ours two that are penalised each.
        theirs = LogisticRegression(C=2, fit_intercept=False, tol=1e-8, max_iter=1000)
        assert np.abs(own - theirs.fit(x, labels).predict_proba(x)).max() < 0.01
    assert np.allclose(own.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(("classes", "each"), [(2, 60), (6, 30)])
def test_wrong_labels_are_found(classes: int, each: int) -> None:
    rows, labels = cloud(classes, each, spread=1.5)
    count = len(labels)
    for seed in range(3):
        generator = np.random.default_rng(seed)
        wrong = generator.choice(count, count // 20, replace=False)
        given = labels.copy()
        given[wrong] = (given[wrong] + 1 + generator.integers(classes - 1, size=len(wrong))) % (
            classes
        )
        said = judged(rows, given, classes, seed)
        order = np.argsort(said[np.arange(count), given])
        found = np.isin(wrong, order[: count // 10]).mean()
        assert found >= 0.8
        suspected = probably_wrong(said, given)
        assert suspected[wrong].mean() >= 0.5
        assert suspected.sum() <= 3 * len(wrong)
        assert (said.argmax(1)[wrong] == labels[wrong]).mean() >= 0.7, "the right class instead"


def test_the_same_seed_says_the_same() -> None:
    rows, labels = cloud(3, 20)
    assert np.array_equal(judged(rows, labels, 3, 1), judged(rows, labels, 3, 1))
    assert not np.array_equal(judged(rows, labels, 3, 1), judged(rows, labels, 3, 2))


def test_nothing_is_learned_from_what_is_judged() -> None:
    """With labels of chance, heads that had seen them would know them."""
    rows, _ = cloud(1, 120, width=300)
    labels = np.random.default_rng(0).integers(2, size=120)
    said = judged(rows, labels, 2, rounds=3)
    right = (said.argmax(1) == labels).mean()
    assert 0.3 < right < 0.7


def test_copies_get_into_one_fold() -> None:
    labels = np.random.default_rng(0).integers(3, size=200)
    groups = np.random.default_rng(1).integers(60, size=200)
    found = folds(labels, groups, np.random.default_rng(2))
    for group in range(60):
        assert len(set(found[groups == group])) <= 1


@pytest.mark.parametrize("sizes", [(4, 4), (7, 23), (5, 100, 9)])
def test_each_fold_has_its_part_of_each_class(sizes: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    found = folds(labels, np.arange(len(labels)), np.random.default_rng(0))
    for label, size in enumerate(sizes):
        counts = np.bincount(found[labels == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
        assert counts.sum() == size


def test_many_photos_are_seen_in_fewer_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = cloud(4, 100, width=96)
    before = judged(rows, labels, 4)
    monkeypatch.setattr(heads, "MANY", 300)
    monkeypatch.setattr(heads, "DIRECTIONS", 32)
    assert Space.of(rows).see(rows).shape == (400, 32)
    after = judged(rows, labels, 4)
    agree = (before.argmax(1) == after.argmax(1)).mean()
    assert agree > 0.95


def test_it_ends_early_where_there_is_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = cloud(3, 30)
    monkeypatch.setattr(heads, "MOST_WORK", 1)
    said = judged(rows, labels, 3)
    assert (said.argmax(1) == labels).mean() > 0.9
