"""`requests` set up the way `HttpSettings` say, and its many errors under our few names.

Only imported by the thread that talks to the network: this module imports `requests`.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError

from resnet_gui.core import errors
from resnet_gui.core.errors import ResNetGuiError, SettingsError
from resnet_gui.core.http.patience import Patience
from resnet_gui.core.http.settings import DIRECT, HttpSettings, host_of, is_loopback

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Connection(Protocol):
    """A connection of urllib3. `sock` is None until it is made."""

    sock: Any


class _Adapter(HTTPAdapter):
    """Trusts what the system trusts, certifi's list (requests adds it) and the extra bundle.

    Attributes:
        connections: all that were begun, so that another thread can hang up.
    """

    def __init__(self, context: ssl.SSLContext, connections: list[Connection]) -> None:
        self._context = context
        self.connections = connections
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        begun = self.connections

        class Noted(pool.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                begun.append(self)
                super().connect()

        pool.ConnectionCls = Noted
        return pool

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)


def make_session(settings: HttpSettings, connections: list[Connection]) -> requests.Session:
    """A session for one request. It adds its connections to `connections`.

    Raises:
        SettingsError: the CA bundle cannot be read.
    """
    bundles = [Path(value) for name in _CA_VARIABLES if (value := os.environ.get(name))]
    if settings.ca_bundle:
        bundles.append(settings.ca_bundle)
    session = requests.Session()
    session.trust_env = False  # the environment's proxies are read in `proxies_for`; no .netrc
    stamps = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in bundles)
    adapter = _Adapter(_context(tuple(bundles), stamps), connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@functools.lru_cache(maxsize=2)
def _context(bundles: tuple[Path, ...], stamps: tuple[int, ...]) -> ssl.SSLContext:
    """Kept, because reading the system's certificates takes 30 ms; `stamps` are the times when
    the bundles were changed."""
    context = ssl.create_default_context()
    for bundle in bundles:
        try:
            if bundle.is_dir():
                context.load_verify_locations(capath=bundle)
            else:
                context.load_verify_locations(cafile=bundle)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"The certificates in {bundle} cannot be read.",
                "Choose a PEM file in the settings under Network.",
            ) from error
        # Many companies' own authorities lack fields that the newest checks ask for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def proxies_for(url: str, settings: HttpSettings) -> dict[str, str]:
    """The proxies for one address, as `requests` wants them. This computer is asked directly."""
    if settings.proxy == DIRECT or is_loopback(host_of(url)):
        return {}
    if settings.proxy:
        return {"http": settings.proxy, "https": settings.proxy}
    return {name: str(value) for name, value in requests.utils.get_environ_proxies(url).items()}


def proxy_for(url: str, settings: HttpSettings) -> str:
    """The proxy that is asked for `url`; "" if none is."""
    return requests.utils.select_proxy(url, proxies_for(url, settings)) or ""


def without_password(proxy: str) -> str:
    """Host and port of a proxy's address, for a message."""
    parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname or proxy)


def as_network_error(error: Exception, url: str, proxy: str, patience: Patience) -> Exception:
    """One of our errors for whatever `requests`, urllib3, ssl or the system raised.

    An error of this program, or one that nobody expects, is returned as it is.
    """
    if isinstance(error, ResNetGuiError) or not isinstance(
        error, requests.RequestException | HTTPError | OSError
    ):
        return error
    found = _named(error, url, proxy, patience)
    found.__cause__ = error
    return found


def _named(error: Exception, url: str, proxy: str, patience: Patience) -> errors.NetworkError:
    host, chain = host_of(url), list(_chain(error))
    certificate = next((e for e in chain if isinstance(e, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return errors.CertificateError(url, host, certificate.verify_message or str(certificate))
    if any(isinstance(e, requests.exceptions.ProxyError) for e in chain):
        text = " ".join(str(e) for e in chain)
        _, _, rest = text.partition("Tunnel connection failed: ")
        status = int(rest[:3]) if rest[:3].isdecimal() else 0
        return errors.ProxyError(url, without_password(proxy), status)
    tls = next((e for e in chain if isinstance(e, ssl.SSLError)), None)
    if tls is not None:
        reason = (tls.reason or "TLS failed").replace("_", " ").lower()
        return errors.CertificateError(url, host, reason)
    if any(isinstance(e, NameResolutionError | socket.gaierror) for e in chain):
        return errors.NameLookupError(url, host) if has_route() else errors.NotConnectedError(url)
    if any(isinstance(e, requests.exceptions.ConnectTimeout) for e in chain):
        return errors.UnreachableError(url, host, f"no answer in {patience.connect_s:.0f} seconds")
    late = (requests.exceptions.Timeout, ReadTimeoutError, TimeoutError)
    if any(isinstance(e, late) for e in chain):
        return errors.StalledError(url, host, patience.stall_s)
    system = next((e for e in chain if isinstance(e, OSError) and e.strerror), None)
    if system is not None and not has_route() and not is_loopback(host):
        return errors.NotConnectedError(url)
    words = system.strerror if isinstance(system, OSError) else None
    return errors.UnreachableError(url, host, words or "the connection broke off")


def has_route() -> bool:
    """Whether this computer is connected to anything. Sends nothing: connecting a datagram
    socket only asks the routing table."""
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                return True
        except OSError:
            continue
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its causes, and the errors that urllib3 carries in its arguments."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        waiting += [e for e in (*inner, *current.args) if isinstance(e, BaseException)]
