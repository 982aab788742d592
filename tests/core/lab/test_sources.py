"""Where histories come from."""

from __future__ import annotations

import json
from pathlib import Path

from resnet_gui.core.lab.histories import (
    HistoryFailed,
    HistoryFound,
    read_histories,
    read_run,
)
from resnet_gui.core.runs.listing import RunDirectory
from tests.helpers.histories import epoch, history, layers, write


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
    (found,) = read_run(make_run(tmp_path, "a"))
    assert isinstance(found, HistoryFound)
    made = found.history
    assert (made.id, made.title, made.architecture) == ("a", "Run a", "cifar_resnet")
    assert made.options == {"depth": 8}
    assert [item.epoch for item in made.epochs] == [1, 2, 3]
    assert [item.epoch for item in made.layers] == [0, 1, 2, 3]
    assert made.recipe["data"] == "/photos"
    (found,) = read_run(make_run(tmp_path, "b", with_layers=False))
    assert isinstance(found, HistoryFound)
    assert found.history.layers == ()
    (failed,) = read_run(tmp_path / "none")
    assert isinstance(failed, HistoryFailed)


def test_a_run_that_is_trained_now_tells_its_plan(tmp_path: Path) -> None:
    path = make_run(tmp_path, "a", epochs=3)
    line = json.dumps(epoch(4, 9, 0.5, None).to_json())
    with (path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")

    def planned() -> int:
        [item] = read_run(path)
        assert isinstance(item, HistoryFound)
        return item.planned

    assert planned() == 0
    with RunDirectory.open(path).locked():
        assert planned() == 9


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
