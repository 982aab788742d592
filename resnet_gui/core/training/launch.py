"""Whether torch's launcher started this process, as one of how many. No torch here."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from resnet_gui.core.errors import WorkerError

# Never anybody's (RFC 5737): the way there is the way to everywhere else. Nothing is sent.
_ANYWHERE = "192.0.2.1"
_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True, slots=True)
class Place:
    """This process among those that train together.

    Attributes:
        rank: from 0, over all computers. size: how many there are.
        local_rank, local_size: likewise, on this computer.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int

    @property
    def one_computer(self) -> bool:
        return self.local_size == self.size


def launched(environment: Mapping[str, str] = os.environ) -> Place | None:
    """What the launcher's variables say (`torchrun` sets RANK, WORLD_SIZE, LOCAL_RANK,
    LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT); None: this process is alone.

    Raises:
        WorkerError: they say something that cannot be.
    """
    if "RANK" not in environment or environment.get("WORLD_SIZE", "1").strip() == "1":
        return None
    missing = [name for name in _NEEDED if not environment.get(name)]
    if missing:
        raise WorkerError(
            f"This process is to train together with others, but {', '.join(missing)} is not set.",
            "Start it with torchrun, or take RANK out of the environment.",
        )
    try:
        rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
        local_rank = int(environment.get("LOCAL_RANK", rank))
        local_size = int(environment.get("LOCAL_WORLD_SIZE", size))
    except ValueError as error:
        raise WorkerError(
            f"The launcher's variables are no numbers ({error}).", "Start it with torchrun."
        ) from error
    if not (0 <= rank < size and 0 <= local_rank < local_size <= size):
        raise WorkerError(
            f"There cannot be a process {rank} of {size}, or {local_rank} of {local_size} on this "
            "computer.",
            "Start it with torchrun.",
        )
    return Place(rank, size, local_rank, local_size)


def stay_here() -> None:
    """Processes of one computer need no name of it and no network card: gloo would look both up."""
    with contextlib.suppress(OSError, AttributeError):
        names = {name for _, name in socket.if_nameindex()}
        for name in ("lo", "lo0"):
            if name in names:
                os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def go_by(address: str) -> None:
    """Meet processes of other computers in the network in which the first one's address is.

    gloo would take the address that this computer's own name stands for, which is 127.0.1.1 on
    Debian and Ubuntu as they are installed: nobody else reaches that. An interface that the person
    has chosen (GLOO_SOCKET_IFNAME) stays.
    """
    name = interface_towards(address) if os.name == "posix" else None
    if name is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def interface_towards(address: str) -> str | None:
    """The network interface by which this computer reaches an address, or the rest of the world
    where the address is its own and means only itself; None: neither is known."""
    for target in (address, _ANYWHERE):
        own = _own_address(target)
        if own is None or ipaddress.ip_address(own).is_loopback:
            continue
        for name, addresses in psutil.net_if_addrs().items():
            if any(found.address.split("%")[0] == own for found in addresses):
                return str(name)
    return None


def _own_address(target: str) -> str | None:
    """Which of this computer's addresses it would write to that one from. Nothing is sent: a UDP
    socket is only told where it would be."""
    with contextlib.suppress(OSError):
        for family, kind, _, _, there in socket.getaddrinfo(target, 9, type=socket.SOCK_DGRAM):
            with contextlib.suppress(OSError), socket.socket(family, kind) as way:
                way.connect(there)
                return str(way.getsockname()[0]).split("%")[0]
    return None
