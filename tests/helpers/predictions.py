"""Made-up answers to labelled photos."""

from __future__ import annotations

from typing import Any

import numpy as np

from resnet_gui.core.evaluation.predictions import Facts, Predictions


def answers(n: int, classes: int, seed: int, sharp: float = 2.0) -> tuple[Any, Any]:
    """Logits (n, classes) float32, right more often than not, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    logits = rng.normal(0, 1, (n, classes)).astype(np.float32)
    logits[np.arange(n), truth] += np.float32(1.2)
    return logits * np.float32(sharp), truth.astype(np.int64)


def made(n: int = 200, classes: int = 6, seed: int = 0) -> Predictions:
    logits, truth = answers(n, classes, seed)
    labels = tuple(f"class {i}" for i in range(classes))
    right = int((logits.argmax(axis=1) == truth).sum())
    facts = Facts("tiny", "Tiny", "/photos", "val", labels, n, right, "w" * 32, "f" * 64)
    names = tuple(f"{labels[t]}/{i:04}.jpg" for i, t in enumerate(truth))
    return Predictions(facts, names, truth, logits, np.zeros(n, np.float32))
