"""Commands of which torch's launcher starts several processes at once."""

from __future__ import annotations

import pytest

from resnet_gui.cli import together
from tests.helpers.commands import Main, lines

LAUNCHED = {
    "WORLD_SIZE": "3",
    "LOCAL_WORLD_SIZE": "3",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is the last of three."""
    for name, value in {**LAUNCHED, "RANK": "2", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("third")
@pytest.mark.parametrize("command", ["models --json", "classify no.jpg --csv --out all.csv", "-h"])
def test_the_others_leave_to_the_first_what_they_cannot_do_together(
    resnet_gui: Main, command: str
) -> None:
    """Each wrote the same files, at the same time."""
    code, out, err = resnet_gui(*command.split())
    assert (code, out) == (0, ""), err
    assert err == "Process 3 of 3: the first one does this alone.\n"


def test_the_first_and_one_that_is_alone_do_it(
    resnet_gui: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**LAUNCHED, "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    assert lines(resnet_gui("models", "--json")[1])
    monkeypatch.setenv("RANK", "2")
    monkeypatch.delenv("MASTER_ADDR")  # what another program left is no launcher's
    assert lines(resnet_gui("models", "--json")[1])


@pytest.mark.usefixtures("third")
def test_a_training_is_not_left_to_the_first(
    resnet_gui: Main, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(together, "_follow", lambda place, *_: asked.append(place.rank) or 0)
    assert resnet_gui("train", "no folder")[0] == 0
    assert resnet_gui("resume", "no-run")[0] == 0
    assert asked == [2, 2]
