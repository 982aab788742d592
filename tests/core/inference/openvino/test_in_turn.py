"""The usual conversions of an ensemble's models: one after the other, and nobody else waits."""

from __future__ import annotations

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from resnet_gui.core.inference import background, convert_process
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.converted import conversions_dir, find_conversion
from resnet_gui.core.system import paths
from resnet_gui.core.system.locks import lock
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.ensembles import ensemble_of
from tests.helpers.models import small_model

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def entries(*names: str) -> list[Any]:
    options = {"architecture": "cifar_resnet", "architecture_options": {"depth": 8}}
    for seed, name in enumerate(names):
        small_model(paths.user_models_dir() / f"{name}.safetensors", seed, **options)
    return [Zoo.standard().ready(name) for name in names]


class Begun:
    """A process that is not started: what it would be told."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.stdin = io.BytesIO()
        self.stdin.close = lambda: None  # type: ignore[method-assign]

    def poll(self) -> int | None:
        return self.code


def test_a_model_that_is_wanted_alone_does_not_stand_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A training from it would wait a minute for a process that only waits for its turn."""
    begun: list[Begun] = []

    def start_python(*_: object, **__: object) -> Begun:
        begun.append(Begun())
        return begun[-1]

    monkeypatch.setattr(background, "start_python", start_python)
    one, other = entries("one", "other")
    conversions = Conversions()
    for _ in range(2):
        conversions.begin(ensemble_of([one, other]))
    for _ in range(2):
        conversions.begin(one)
    conversions.begin(ensemble_of([one, other]))
    told = [json.loads(process.stdin.getvalue()) for process in begun]
    assert [(what["entry"]["spec"]["id"], what["in_turn"]) for what in told] == [
        ("one", True), ("other", True), ("one", False),
    ]  # fmt: skip
    assert conversions.underway(one)
    begun[2].code = 0  # made, while the one in the queue still waits
    assert conversions.ended(one)
    assert not conversions.underway(one)
    assert not conversions.ended(other)
    monkeypatch.setattr(Begun, "poll", lambda _: 0)
    assert conversions.ended(one)
    conversions.begin(other)  # its turn came: tried is tried
    assert len(begun) == 3


def test_only_those_of_an_ensemble_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """All five of an ensemble's began at once."""
    begun: list[Begun] = []

    def start_python(*_: object, **__: object) -> Begun:
        begun.append(Begun())
        return begun[-1]

    monkeypatch.setattr(background, "start_python", start_python)
    one, other, alone = entries("one", "other", "alone")
    conversions = Conversions()
    conversions.begin(ensemble_of([one, other]))
    conversions.begin(alone)
    told = [json.loads(process.stdin.getvalue()) for process in begun]
    assert [(what["entry"]["spec"]["id"], what["in_turn"]) for what in told] == [
        ("one", True), ("other", True), ("alone", False),
    ]  # fmt: skip


def test_no_two_are_at_work_at_once(own_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = [], []

    def convert(*_: object) -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.02)
        at_work.pop()

    monkeypatch.setattr(convert_process, "_convert", convert)
    monkeypatch.setattr(convert_process, "_LOOK_S", 0.01)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: convert_process.convert_in_turn(None, None), range(4)))  # type: ignore[arg-type]
    assert most == [1] * 4


@pytest.mark.slow
def test_real_processes_take_turns(own_home: object) -> None:
    one, other, alone = entries("one", "other", "alone")
    both = ensemble_of([one, other])
    turn = conversions_dir() / "ensemble.lock"
    turn.parent.mkdir(parents=True)
    conversions = Conversions()
    with lock(turn, 1.0):
        conversions.begin(both)
        conversions.begin(alone)
        while not conversions.ended(alone):
            time.sleep(0.1)
        assert conversions.underway(both)
        assert not conversions.ended(one)
    conversions.wait(60)
    found = [find_conversion(entry) for entry in (one, other, alone)]
    assert [conversion is not None and conversion.usable for conversion in found] == [True] * 3
