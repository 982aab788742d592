"""Where histories come from, and the sentences that are computed from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_gui.core.errors import RunError
from resnet_gui.core.lab.histories import (
    HistoryFailed,
    HistoryFound,
    read_histories,
    run_history,
)
from resnet_gui.core.lab.sentences import (
    curves_sentence,
    gradients_sentence,
    residuals_sentence,
    short_name,
)
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, kind_of
from tests.helpers.histories import epoch, found, history, layers, write


def make_run(folder: Path, name: str, epochs: int = 3, with_layers: bool = True) -> Path:
    """A run's directory as a training leaves it."""
    path = folder / name
    path.mkdir(parents=True)
    document = {
        "format": 1,
        "title": f"Run {name}",
        "created": f"2026-01-0{len(name)}",
        "state": "finished",
        "model": {"architecture": "cifar_resnet", "architecture_options": {"depth": 8}},
        "config": {"data": "/photos", "model": "cifar-resnet8"},
    }
    (path / "run.json").write_text(json.dumps(document), encoding="utf-8")
    lines = [json.dumps(epoch(n, epochs, 0.5, None).to_json()) for n in range(1, epochs + 1)]
    (path / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if with_layers:
        rows = [json.dumps(layers(8, at, 10.0, 0.5).to_json()) for at in range(epochs + 1)]
        text = "\n".join(rows) + '\n{"epoch": 4, "gradi'  # cut off by a crash
        (path / "layers.jsonl").write_text(text, encoding="utf-8")
    return path


def test_a_run_is_a_history(tmp_path: Path) -> None:
    made = run_history(make_run(tmp_path, "a"))
    assert (made.id, made.title, made.architecture) == ("a", "Run a", "cifar_resnet")
    assert made.options == {"depth": 8}
    assert [item.epoch for item in made.epochs] == [1, 2, 3]
    assert [item.epoch for item in made.layers] == [0, 1, 2, 3]
    assert made.recipe["data"] == "/photos"
    assert run_history(make_run(tmp_path, "b", with_layers=False)).layers == ()
    with pytest.raises(RunError):
        run_history(tmp_path / "none")


def test_all_are_read_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    models, runs = tmp_path / "models", tmp_path / "runs"
    write(models, history("plain", 20, 0.1), history("residual", 20, 0.1))
    (models / "broken.history.json").write_text('{"format": 1, "id"', encoding="utf-8")
    make_run(runs, "a")
    make_run(runs, "newer")
    make_run(runs, "empty", epochs=0, with_layers=False)
    (runs / "bad").mkdir()
    (runs / "bad" / "run.json").write_text("no", encoding="utf-8")
    events = list(read_histories(models, runs))
    failures = [event for event in events if isinstance(event, HistoryFailed)]
    assert len(failures) == 2
    assert "broken.history.json" in failures[0].message
    assert "bad" in failures[1].message
    items = [event for event in events if isinstance(event, HistoryFound)]
    assert [item.history.id for item in items] == ["plain20", "residual20", "newer", "a"]
    assert [item.own for item in items] == [False, False, True, True]
    assert len({item.key for item in items}) == 4
    assert list(read_histories(tmp_path / "none", tmp_path / "nor this")) == []


def test_names_and_kinds() -> None:
    assert kind_of("cifar_resnet", {"kind": "highway"}) is Kind.HIGHWAY
    assert kind_of("cifar_resnet", {"kind": "from the future"}) is Kind.OTHER
    assert kind_of("plain_resnet", {"depth": 18}) is Kind.PLAIN
    assert kind_of("resnet50", {}) is Kind.RESIDUAL
    assert kind_of("efficientnet-lite0", {}) is Kind.OTHER
    assert [depth_of(name, {}) for name in ("resnet50", "resnext101_32x8d", "vgg")] == [50, 101, 0]
    assert depth_of("wide_resnet50_2", {}) == 50
    assert depth_of("cifar_resnet", {"depth": "deep"}) == 0
    assert short_name(history("residual", 56, 0.1)) == "ResNet-56"
    assert short_name(history("plain", 20, 0.1)) == "Plain-20"


def four(plain: tuple[float, float], residual: tuple[float, float]) -> str:
    return curves_sentence(
        [
            found(history("plain", 20, plain[0])),
            found(history("plain", 56, plain[1])),
            found(history("residual", 20, residual[0])),
            found(history("residual", 56, residual[1])),
        ]
    )


def test_the_sentence_says_what_the_paper_found() -> None:
    assert four((0.089, 0.121), (0.080, 0.041)) == (
        "Plain-56 ends with 12.1 % training error, Plain-20 with 8.9 %: deeper is worse, already "
        "on the training images, so it is not overfitting. With shortcuts it is the other way "
        "round: ResNet-56 4.1 % against ResNet-20 8.0 %."
    )


def test_the_sentence_follows_the_data_the_other_way() -> None:
    assert four((0.121, 0.089), (0.041, 0.080)) == (
        "Plain-56 ends with 8.9 % training error, Plain-20 with 12.1 %: deeper is better. "
        "With shortcuts it is the other way round: ResNet-56 8.0 % against ResNet-20 4.1 %."
    )
    assert four((0.12, 0.09), (0.08, 0.04)).endswith(
        "With shortcuts, too, deeper is better: ResNet-56 4.0 % against ResNet-20 8.0 %."
    )
    assert four((0.09, 0.12), (0.08, 0.0805)).endswith(
        "With shortcuts, depth makes no difference: ResNet-56 8.1 % against ResNet-20 8.0 %."
    )
    assert "overfitting" not in four((0.121, 0.089), (0.08, 0.04))


def test_only_what_was_trained_alike_is_compared() -> None:
    plain = found(history("plain", 20, 0.1)), found(history("plain", 56, 0.2), own=True)
    assert curves_sentence(plain) == (
        "Plain-20 ends with 10.0 % training error and 12.0 % validation error; "
        "Plain-56 ends with 20.0 % training error and 22.0 % validation error."
    )
    short = found(history("plain", 56, 0.2, epochs=4))
    assert curves_sentence([plain[0], short]).startswith("After 4 epochs, Plain-56 has 20.0 %")
    twins = [plain[0], found(history("residual", 20, 0.04))]
    assert curves_sentence(twins) == (
        "At the end the shortcuts lower the training error at 20 layers: 4.0 % with them, "
        "10.0 % without."
    )
    assert curves_sentence([]) == ""


def test_gradients_in_words() -> None:
    plain = ("Plain-56", Kind.PLAIN, layers(56, 0, 1000.0, 1.4))
    residual = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 3.0, 0.4))
    assert gradients_sentence([residual, plain]) == (
        "In Plain-56 the first layer's gradient is 1,000 times that of the last convolution, in "
        "ResNet-56 3 times. Shortcuts keep the gradients of all layers of like size."
    )
    assert "like size" not in gradients_sentence(
        [("ResNet-56", Kind.RESIDUAL, layers(56, 0, 900.0, 1.0)), plain]
    )
    assert gradients_sentence([]) == ""


def test_residuals_in_words() -> None:
    small = ("ResNet-20", Kind.RESIDUAL, layers(20, 0, 1.0, 0.6))
    deep = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 1.0, 0.3))
    text = residuals_sentence([small, deep])
    assert "0.60 in ResNet-20, 0.30 in ResNet-56" in text
    assert text.endswith("the more blocks, the less each of them changes x.")
    other = ("ResNet-56", Kind.RESIDUAL, layers(56, 0, 1.0, 0.9))
    assert residuals_sentence([small, other]).endswith(
        "do not mean that each of them changes x less."
    )
    assert residuals_sentence([small]).endswith("0.60 in ResNet-20.")
