"""Temperature, the unknown score, and what Classify says by them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import roc_auc_score

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.calibrate import (
    FEWEST,
    PASS,
    fit_calibration,
    fit_means,
    fit_temperature,
)
from resnet_gui.core.evaluation.metrics import (
    calibration_error,
    confidences_of,
    losses_of,
    reliability,
)
from resnet_gui.core.events import ImageSource, ModelReady, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.unknown import (
    away_from,
    energy,
    means_of,
    means_text,
    unknown_scores,
)
from resnet_gui.core.zoo.kinds import MARGIN, PROBABLE
from resnet_gui.core.zoo.weights.model_file import copy_model, read_header
from resnet_gui.ui.widgets.answer import UNLIKE, answer_of
from tests.helpers.predictions import answers
from tests.helpers.training import make_photos, make_tiny_model, user_zoo


def error(logits: np.ndarray, truth: np.ndarray, temperature: float = 1.0) -> float:
    right = logits.argmax(axis=1) == truth
    return calibration_error(reliability(confidences_of(logits, temperature), right))


def test_it_makes_an_over_confident_model_honest() -> None:
    logits, truth = answers(2000, 5, 0, sharp=9.0)
    new_logits, new_truth = answers(2000, 5, 1, sharp=9.0)
    temperature = fit_temperature(logits, truth)
    assert temperature > 3
    before, after = error(new_logits, new_truth), error(new_logits, new_truth, temperature)
    assert before > 0.2
    assert after < 0.05


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 200), st.integers(2, 8), st.integers(0, 10**6), st.floats(0.3, 12))
def test_it_is_the_least_loss_and_never_changes_the_best_class(
    n: int, classes: int, seed: int, sharp: float
) -> None:
    logits, truth = answers(n, classes, seed, sharp)
    found = fit_temperature(logits, truth)
    doubt = 1 / (n + 2)

    def loss(log_t: float) -> float:
        t = float(np.exp(log_t))
        own = losses_of(logits, truth, t).mean()
        others = [losses_of(logits, (truth + i) % classes, t).mean() for i in range(1, classes)]
        return float((1 - doubt) * own + doubt * np.mean(others))

    best = np.exp(minimize_scalar(loss, bounds=(np.log(0.1), np.log(10)), method="bounded").x)
    assert found == pytest.approx(best, rel=0.01)
    scaled = logits / np.float32(found)
    assert (scaled.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_photos_that_are_all_right_leave_some_doubt() -> None:
    logits = np.eye(2, dtype=np.float32)[np.arange(120) % 2] * 6
    temperature = fit_temperature(logits, np.arange(120) % 2)
    assert 0.9 < float(confidences_of(logits, temperature).max()) < 0.999


def test_few_photos_calibrate_nothing() -> None:
    logits, truth = answers(FEWEST - 1, 3, 0)
    assert fit_calibration(logits, truth)[0].empty
    logits, truth = answers(FEWEST, 3, 0)
    found, scores = fit_calibration(logits, truth)
    assert found.photos == FEWEST
    assert not found.means  # without features it is the energy
    assert np.allclose(scores, energy(logits))
    assert (scores <= found.unlike).mean() == pytest.approx(PASS, abs=0.011)


def clusters(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 4
    centres = np.random.default_rng(9).normal(0, 1, (4, 24))
    return (centres[truth] + rng.normal(0, 0.4, (n, 24))).astype(np.float32), truth


def test_what_lies_near_no_class_is_unlike() -> None:
    features, truth = clusters(400, 0)
    means, _ = fit_means(features, truth, 4)
    assert means is not None
    new, _ = clusters(400, 1)
    away = np.random.default_rng(2).normal(0, 1, (400, 24)).astype(np.float32)
    scores = [away_from(means, new), away_from(means, away)]
    assert roc_auc_score(np.repeat([0, 1], 400), np.concatenate(scores)) > 0.99


def test_a_photo_is_judged_without_itself() -> None:
    features, truth = clusters(12, 0)
    _, scores = fit_means(features, truth, 4)
    assert scores is not None
    for index in range(12):
        others = np.arange(12) != index
        means, _ = fit_means(np.concatenate([features[others]] * 2), np.tile(truth[others], 2), 4)
        assert means is not None
        own = means[truth[index]] @ features[index] / np.linalg.norm(features[index])
        assert scores[index] <= 1 - own + 1e-5


def test_a_class_with_one_photo_has_no_direction() -> None:
    features, truth = clusters(9, 0)  # the last three classes have two
    assert fit_means(features[:7], truth[:7], 4) == (None, None)
    assert fit_means(None, truth, 4) == (None, None)


def test_means_come_back_from_their_text() -> None:
    features, truth = clusters(100, 0)
    means, _ = fit_means(features, truth, 4)
    assert means is not None
    text = means_text(means)
    again = means_of(text, 4, 24)
    assert again is not None
    assert np.allclose(again, means, atol=1e-3)
    assert means_of(text, 4, 23) is None
    assert means_of("no base64!", 4, 24) is None
    wrong = Calibration(unlike=0.5, means=text)
    assert unknown_scores(wrong, np.zeros((1, 3), np.float32), features[:1]) is None


# --- in the file, and in Classify -----------------------------------------------------------------


@pytest.fixture
def photo(tmp_path: Path) -> ImageSource:
    make_photos(tmp_path / "photos", ("red",), count=1)
    return ImageSource.file(tmp_path / "photos" / "red" / "000.jpg")


def classify(photo: ImageSource) -> Prediction:
    events = list(Classifier(user_zoo()).classify([photo], "tiny", "cpu"))
    assert isinstance(events[-2], ModelReady)
    assert isinstance(events[-1], Prediction)
    return events[-1]


def calibrate(calibration: Calibration) -> None:
    path = make_tiny_model()
    copy_model(path, path.with_suffix(".tmp"), calibration=calibration.to_json())
    path.with_suffix(".tmp").replace(path)


def test_a_files_calibration_comes_back_and_its_id_stays(own_home: Path) -> None:
    path = make_tiny_model()
    before = user_zoo().get("tiny").spec
    assert before.calibration.empty
    assert "calibration" not in before.metrics
    wanted = Calibration(2.5, 120, 0.7, 0.25, "AAAA")
    calibrate(wanted)
    spec = user_zoo().get("tiny").spec
    assert spec.calibration == wanted
    assert spec.id == before.id == read_header(path).id
    assert dataclasses.replace(spec, calibration=Calibration(), bytes=0) == dataclasses.replace(
        before, bytes=0
    )


def test_the_temperature_changes_probabilities_and_no_order(
    own_home: Path, photo: ImageSource
) -> None:
    make_tiny_model()
    plain = classify(photo)
    calibrate(Calibration(temperature=4.0, photos=100))
    softer = classify(photo)
    assert [s.index for s in softer.scores] == [s.index for s in plain.scores]
    assert 0.2 < softer.top.probability < plain.top.probability
    logs = [np.log(s.probability) for s in plain.scores]
    expected = np.exp(np.array(logs) / 4)
    assert [s.probability for s in softer.scores] == pytest.approx(expected / expected.sum())


def test_the_stored_threshold_says_what_a_guess_is(own_home: Path, photo: ImageSource) -> None:
    make_tiny_model()
    top = classify(photo).top.probability
    for threshold, guess in ((top - 0.01, False), (top + 0.01, True)):
        calibrate(Calibration(unsure=threshold))
        found = classify(photo)
        assert found.least == threshold
        assert found.unsure is guess
        assert answer_of(found).verdict.startswith("Not sure") is guess


def test_a_photo_unlike_all_others_is_called_so(own_home: Path, photo: ImageSource) -> None:
    make_tiny_model()
    (entry,) = user_zoo().entries()
    for score, unlike in ((-100.0, True), (100.0, False)):  # the energy of some logits
        calibrate(Calibration(unlike=score))
        found = classify(photo)
        assert found.unlike is unlike
        answer = answer_of(found)
        assert (answer.more == UNLIKE) is unlike
        assert not unlike or answer.verdict == "Not sure. Best guess:"
    assert entry.spec.id == found.model


def test_of_two_classes_a_close_one_is_a_guess() -> None:
    """One of two always has half: without a margin such a model was never unsure."""
    from resnet_gui.core.zoo.kinds import least_probable

    assert least_probable(None, 0.45, of_a_kind=False) == pytest.approx(0.45 + MARGIN)
    assert least_probable(None, 0.45, of_a_kind=False) > 0.55
    assert least_probable(None, 0.05, of_a_kind=False) == PROBABLE
    assert least_probable(None, 0.45, of_a_kind=True) == PROBABLE
    assert least_probable(0.9, 0.45, of_a_kind=True) == 0.9
