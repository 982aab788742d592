"""Processes meet, or hear why not: somebody who never comes, who fails, who cannot be reached."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from torch.distributed import HashStore

from resnet_gui.core.errors import WorkerError
from resnet_gui.core.training import launch, meeting
from resnet_gui.core.training.distributed import LaunchedWorkers
from resnet_gui.core.training.launch import Place, go_by, interface_towards
from tests.helpers.workers import workers


class Never(meeting._Meeting):
    """Torch, while it waits for somebody who does not come."""

    def __init__(self) -> None:
        super().__init__(Place(0, 2, 0, 1), "0")
        self.over = threading.Event()

    def run(self) -> None:
        self.over.wait(60)


@pytest.fixture
def never() -> Iterator[Never]:
    thread = Never()
    thread.start()
    yield thread
    thread.over.set()
    thread.join(60)


def member(store: HashStore, rank: int, stop: threading.Event | None = None) -> LaunchedWorkers:
    return LaunchedWorkers(Place(rank, 2, 0, 1), store, stop or threading.Event())


def wait_for(never: Never, who: LaunchedWorkers, counts: list[int]) -> None:
    meeting._wait_for(never, who, Place(who.rank, 2, 0, 1), counts.append)


def test_who_fails_before_all_are_there_is_heard(never: Never) -> None:
    """The leader waited for half an hour, in silence."""
    store = HashStore()
    leader, other = member(store, 0), member(store, 1)
    other.fail(WorkerError("Its disk is full.", "", 1))
    with pytest.raises(WorkerError, match="Its disk is full") as caught:
        wait_for(never, leader, [])
    assert caught.value.rank == 1
    other.end(1)
    leader.end(1)


def test_whose_leader_has_ended_does_not_wait(never: Never) -> None:
    store = HashStore()
    leader, other = member(store, 0), member(store, 1)
    store.set("gone/1", "")  # so that the leader's end does not wait for it
    leader.end(1)
    with pytest.raises(WorkerError, match="first worker ended before the run began"):
        wait_for(never, other, [])
    other.end(1)


def test_who_is_there_and_cannot_be_reached_is_not_waited_for(
    never: Never, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a firewall that drops what it does not know, nothing ever answers."""
    monkeypatch.setattr(meeting, "_MESH_S", 0.3)
    monkeypatch.setattr(meeting, "_SILENT_S", 0.0)
    store = HashStore()
    leader = member(store, 0)
    counts: list[int] = []
    timer = threading.Timer(0.5, lambda: others.append(member(store, 1)))
    others: list[LaunchedWorkers] = []
    timer.start()
    with pytest.raises(WorkerError, match=r"do not answer in the network.*firewall"):
        wait_for(never, leader, counts)
    assert counts == [1]
    others[0].end(1)
    leader.end(1)


def test_a_stop_ends_the_wait_for_somebody_who_never_comes(tmp_path: Path) -> None:
    with workers(tmp_path, ["train", tmp_path], absent=1) as [leader]:
        leader.until_said("Waiting for the other workers: 1 of 2 are there.")
        leader.send_signal(signal.SIGINT)
        ended = leader.ended()
    assert ended.code == 130
    assert "Error" not in ended.err
    assert "stopped before all workers were there" in ended.err
    assert "Traceback" not in ended.err


def test_who_hosts_the_store_hears_of_the_others_before_all_are_there() -> None:
    """Without torch's launcher (mpirun, Slurm) the first process is where they meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        patch.delenv("TORCHELASTIC_USE_AGENT_STORE", raising=False)
        stores = [meeting._store(Place(rank, 3, 0, 1)) for rank in (0, 1)]  # the third is late
    leader, other = (
        LaunchedWorkers(Place(rank, 3, 0, 1), store.clone(), threading.Event())
        for rank, store in enumerate(stores)
    )
    other.fail(WorkerError("Its disk is full.", "", 1))
    with pytest.raises(WorkerError, match="Its disk is full"):
        leader.look()
    other.end(1)
    leader.end(1)


def _own_networks() -> list[tuple[str, str]]:
    """Interfaces of this computer with their IPv4 addresses, as the system lists them."""
    return [
        (name, found.address)
        for name, addresses in psutil.net_if_addrs().items()
        for found in addresses
        if found.family == socket.AF_INET and not found.address.startswith("127.")
    ]


def test_the_interface_is_the_one_with_that_address() -> None:
    own = _own_networks()
    if not own:
        pytest.skip("this computer is in no network")
    for name, address in own:
        assert interface_towards(address) == name


def test_an_address_that_only_this_computer_reaches_is_not_taken() -> None:
    """Debian lets a computer's name stand for 127.0.1.1: gloo took it, and the others found nobody
    there."""
    assert interface_towards("127.0.1.1") in {None, *(name for name, _ in _own_networks())}
    assert interface_towards("127.0.1.1") == interface_towards("127.0.0.1")


def test_an_interface_that_was_chosen_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "interface_towards", lambda address: f"towards {address}")
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "chosen")
    go_by("192.0.2.7")
    assert os.environ["GLOO_SOCKET_IFNAME"] == "chosen"
    monkeypatch.delenv("GLOO_SOCKET_IFNAME")
    go_by("192.0.2.7")
    assert os.environ["GLOO_SOCKET_IFNAME"] == "towards 192.0.2.7"
