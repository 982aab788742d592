"""`kill -9` at random moments: nothing unreadable, nothing lost but the epoch that was running."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.runs.checkpoint import load_checkpoint
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.listing import RunDirectory, RunState, interrupted_runs, runs_dir
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
REPOSITORY = Path(__file__).resolve().parents[3]


class Server:
    """The forking process of `kill_server`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.kill_server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )  # fmt: skip

    def run(self, command: dict[str, Any], kill_after_s: float | None) -> bool:
        """Run a child to its end, or until it is killed; returns whether it ended well."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        child = self._answer("pid")
        if kill_after_s is not None:
            time.sleep(kill_after_s)  # the random moment is what is tested
            os.kill(child, signal.SIGKILL)
        return self._answer("status") == 0

    def race(self, run: Path, times: int) -> list[int]:
        """So many children resume a run at the same moment; returns their exit codes."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"resume": str(run), "times": times}) + "\n")
        self._process.stdin.flush()
        for _ in range(times):
            self._answer("pid")
        return [self._answer("status") >> 8 for _ in range(times)]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def _answer(self, word: str) -> int:
        assert self._process.stdout is not None
        found, number = self._process.stdout.readline().split()
        assert found == word
        return int(number)


@pytest.fixture
def server(own_home: Path) -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def metrics(run: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl, without what depends on the clock and the run's name."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "photos_per_s", "run")}
        for row in rows
    ]


def kill_and_resume(server: Server, config: RunConfig, kills: int, seed: int) -> None:
    began = time.monotonic()
    assert server.run({"config": config.to_json()}, None)
    whole_s = time.monotonic() - began
    unbroken = next(runs_dir().iterdir())
    generator = random.Random(seed)
    run = runs_dir() / f"{unbroken.name}-2"
    done = 0
    while done < kills:
        known = (run / "run.json").is_file()
        command = {"resume": str(run)} if known else {"config": config.to_json()}
        # About two epochs at a time, so that the run lasts for all kills.
        wait_s = generator.uniform(0.0, 2.5 * whole_s / max(1, config.epochs) + 0.1)
        if server.run(command, wait_s):
            break  # finished before it was killed
        done += 1
        if not (run / "run.json").is_file():
            for path in runs_dir().iterdir():  # killed before the run began
                if path != unbroken:
                    path.rename(path.with_name(f".{done}"))
            continue
        directory = RunDirectory.open(run)
        # Offered at the next start, unless the kill came after its last write.
        offered = run.name in {info.name for info in interrupted_runs()}
        assert offered or directory.info().state is RunState.FINISHED
        for name in ("last", "best"):
            path = run / f"{name}.safetensors"
            if path.is_file():
                load_checkpoint(path)  # readable after every kill
    if RunDirectory.open(run).info().state is not RunState.FINISHED:
        assert server.run({"resume": str(run)}, None)
    assert metrics(run) == metrics(unbroken)
    assert not list(run.glob(".*.tmp"))
    models = [load_network(user_zoo().get(path.name)).state_dict() for path in (run, unbroken)]
    for left, right in zip(models[0].values(), models[1].values(), strict=True):
        assert left.equal(right)
    assert done >= min(kills, 3), "too few kills hit the run"


@pytest.mark.parametrize("method", ["full", "head"])  # five kills each
def test_kills_change_nothing(server: Server, tmp_path: Path, method: str) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours")
    epochs = 24 if method == "full" else 200
    settings = {"augmentation": "light"} if method == "full" else {}
    kill_and_resume(server, tiny_config(data, method=method, epochs=epochs, **settings), 5, 1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", ["full", "progressive"])
def test_fifty_kills_change_nothing(server: Server, tmp_path: Path, method: str) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours", count=12)
    settings = {"head_epochs": 60} if method == "progressive" else {}
    kill_and_resume(server, tiny_config(data, method=method, epochs=120, **settings), 50, 2)
