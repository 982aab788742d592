"""The network: who may be asked, through which proxy, trusting whom; and one way to ask.

Reading from a network blocks for as long as the network likes. So the blocking part runs in a
helper thread that touches nothing but its own connection, and the generator that the caller drives
yields several times a second whatever happens: Stop is always seen, a job lane is never stuck.

`requests` is imported in that thread at the first request: it costs a tenth of a second.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from resnet_gui import __version__
from resnet_gui.core import errors
from resnet_gui.core.errors import NetworkError
from resnet_gui.core.events import DownloadProgress, ImageSource
from resnet_gui.core.http.patience import Patience as Patience
from resnet_gui.core.http.settings import (
    HttpSettings,
    host_of,
    is_protected,
    load_http_settings,
    split_address,
)

if TYPE_CHECKING:
    import requests

    from resnet_gui.core.http import session as http_session

TICK_S = 0.1
MAX_IMAGE_BYTES = 50 * 1000 * 1000

_CHUNK = 256 * 1024
_AHEAD = 16  # chunks that may wait for the consumer: 4 MB
_MAX_REDIRECTS = 8
_RATE_WINDOW_S = 3.0
_USER_AGENT = f"resnet-gui/{__version__}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer before its body. `headers` have lower-case names."""

    url: str
    status: int
    headers: Mapping[str, str]

    @property
    def length(self) -> int | None:
        """Bytes of this body. None: the server does not say."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else None

    @property
    def is_web_page(self) -> bool:
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        return kind in ("text/html", "application/xhtml+xml")


class Rate:
    """Bytes per second over the last three seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> float:
        """Note that `done` bytes are here now; returns the rate in bytes per second."""
        now = time.monotonic()
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()  # the download began again
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_WINDOW_S:
            self._samples.popleft()
        start, before = self._samples[0]
        seconds = now - start
        return (done - before) / seconds if seconds > 0.05 else 0.0


def ask(
    url: str,
    settings: HttpSettings,
    patience: Patience,
    headers: Mapping[str, str] | None = None,
    *,
    protected: bool = True,
    decode: bool = False,
) -> Generator[Reply | bytes | None, None, None]:
    """GET one address, following redirects.

    Args:
        protected: refuse all but https and this computer, in redirects too.
        decode: undo a Content-Encoding; else the bytes come as they were sent.

    Yields:
        None at least every `TICK_S` seconds while nothing comes, one Reply (of any status), then
        the body's bytes. Closing it hangs up.

    Raises:
        NetworkError: a subclass that names what went wrong.
        SettingsError: the CA bundle cannot be read.
    """
    if settings.offline:
        raise errors.OfflineModeError(url, Path(urlsplit(url).path).name or url)
    request = _Request(url, settings, patience, dict(headers or {}), protected, decode)
    request.start()
    try:
        heard = time.monotonic()
        limit_s = patience.connect_s + patience.stall_s
        reply: Reply | None = None
        received = 0
        while True:
            try:
                item = request.items.get(timeout=TICK_S)
            except queue.Empty:
                if time.monotonic() - heard > limit_s:
                    raise errors.StalledError(url, host_of(request.url), limit_s) from None
                yield None
                continue
            if item is None:
                return
            if isinstance(item, errors.UnreachableError) and reply is not None:
                raise errors.TruncatedError(
                    url, host_of(request.url), received, reply.length or 0
                ) from item
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Reply):
                reply = item
            else:
                received += len(item)
            yield item
            heard, limit_s = time.monotonic(), patience.stall_s
    finally:
        request.stop()


def fetch_image(
    url: str,
    settings: HttpSettings | None = None,
    patience: Patience | None = None,
    max_bytes: int = MAX_IMAGE_BYTES,
) -> Generator[DownloadProgress, None, ImageSource]:
    """Fetch one picture because a person dropped its address on the window.

    Args:
        url: http or https.
        settings: None: the stored ones.
        max_bytes: more are refused, in bytes.

    Yields:
        progress, several times a second, also while nothing comes. Closing it hangs up.

    Returns:
        the encoded picture, checked to be one.

    Raises:
        NetworkError: a subclass that names what went wrong; also WebPageError and TooLargeError.
        ImageReadError: what came is no picture that is read here.
        SettingsError: the CA bundle cannot be read.
    """
    parts = split_address(url.strip())
    if parts is None or parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise errors.BadAddressError(
            url, f"{url} is not a web address.", "Drop a picture, or save it as a file first."
        )
    url = url.strip()
    name = unquote(Path(parts.path).name) or parts.hostname
    settings = settings or load_http_settings()
    try:
        data = yield from _fetch_picture(url, name, settings, patience or Patience(), max_bytes)
    except NetworkError as error:
        if error.blocked or error.transient:
            error.add_advice("Or save the picture with your browser and drop the file.")
        raise
    from resnet_gui.core.photos.decode import upright_size  # downloads of weights need no Pillow

    source = ImageSource(name, data)
    upright_size(source)
    return source


def _fetch_picture(
    url: str, name: str, settings: HttpSettings, patience: Patience, max_bytes: int
) -> Generator[DownloadProgress, None, bytes]:
    data, total, rate = bytearray(), 0, Rate()
    yield DownloadProgress(name, 0, 0, 0.0, f"Connecting to {host_of(url)}…")
    last = time.monotonic()
    stream = ask(url, settings, patience, protected=False, decode=True)
    with contextlib.closing(stream):
        for item in stream:
            if isinstance(item, Reply):
                total = _image_size(item, url, name, max_bytes)
            elif item is not None:
                data += item
                if len(data) > max_bytes:
                    raise _image_too_large(url, name, max_bytes)
            if item is None or time.monotonic() - last >= TICK_S:
                last = time.monotonic()
                yield DownloadProgress(name, len(data), total, rate.at(len(data)))
    if len(data) < total:
        raise errors.TruncatedError(url, host_of(url), len(data), total)
    yield DownloadProgress(name, len(data), len(data), rate.at(len(data)))
    return bytes(data)


def _image_size(reply: Reply, url: str, name: str, max_bytes: int) -> int:
    raise_for_status(reply)
    if reply.is_web_page:
        raise errors.WebPageError(
            url,
            f"{name} is a web page, not a picture.",
            "Drag the picture itself, or right-click it, choose “Copy image” and paste it here.",
        )
    length = reply.length or 0
    if length > max_bytes:
        raise _image_too_large(url, name, max_bytes)
    return 0 if "content-encoding" in reply.headers else length


def _image_too_large(url: str, name: str, max_bytes: int) -> errors.TooLargeError:
    return errors.TooLargeError(
        url,
        f"{name} has more than {max_bytes / 1e6:,.0f} MB, which is the limit for pictures from "
        "the network.",
        max_bytes,
        "Save it as a file and drop that.",
    )


def raise_for_status(reply: Reply) -> None:
    """Nothing if the body is what was asked for.

    Raises:
        NetworkError: the subclass for the status.
    """
    status, url, host = reply.status, reply.url, host_of(reply.url)
    if status in (200, 206):
        return
    if status in (401, 403, 451):
        raise errors.AccessRefusedError(url, host, status)
    if status in (404, 410):
        raise errors.NotFoundError(url, host, status)
    if status >= 500 or status in (408, 425, 429):
        after = reply.headers.get("retry-after", "")
        raise errors.ServerTroubleError(
            url, host, status, float(after) if after.isdecimal() else 0.0
        )
    raise errors.UnexpectedAnswerError(
        url,
        f"{host} gave an answer that makes no sense here (answer {status}).",
        "Try again later.",
    )


class _Request:
    """One GET in a daemon thread: DNS, connecting and reading can block for long.

    Attributes:
        url: the address in use; changes with redirects.
        items: Reply, bytes …, then None or an exception.
    """

    def __init__(
        self,
        url: str,
        settings: HttpSettings,
        patience: Patience,
        headers: dict[str, str],
        protected: bool,
        decode: bool,
    ) -> None:
        self.url = url
        self.items: queue.Queue[Reply | bytes | Exception | None] = queue.Queue(_AHEAD)
        self._settings = settings
        self._patience = patience
        self._headers = headers
        self._protected = protected
        self._decode = decode
        self._stopped = threading.Event()
        self._response: requests.Response | None = None
        self._connections: list[http_session.Connection] = []
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hang up. The thread ends at once, unless it looks up a name or connects: then within
        the time limit for that, and without having touched anything else."""
        self._stopped.set()
        # Before the answer the connection has the socket, then only the answer has.
        response = self._response
        if response is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # it ended by itself
                response.raw.shutdown()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=0.5)

    def _run(self) -> None:
        from resnet_gui.core.http import session as http_session

        proxy = ""
        try:
            with http_session.make_session(self._settings, self._connections) as session:
                proxy = http_session.proxy_for(self.url, self._settings)
                response = self._follow(session)
                with contextlib.closing(response):
                    self._response = response
                    if response.status_code == 407:
                        raise errors.ProxyError(self.url, http_session.without_password(proxy), 407)
                    self._pass_on(response)
        except Exception as error:  # noqa: BLE001 - the thread's boundary: the consumer raises it
            self._put(http_session.as_network_error(error, self.url, proxy, self._patience))

    def _pass_on(self, response: requests.Response) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._put(Reply(self.url, response.status_code, headers))
        while not self._stopped.is_set():
            data = response.raw.read1(_CHUNK, decode_content=self._decode)
            if not data:
                break
            self._put(data)
        self._put(None)

    def _follow(self, session: requests.Session) -> requests.Response:
        from resnet_gui.core.http import session as http_session

        for _ in range(_MAX_REDIRECTS):
            if self._protected and not is_protected(self.url):
                raise errors.BadAddressError(
                    self.url,
                    f"Weights are not fetched from {self.url}: the connection is not protected.",
                    "Check the mirror in the settings under Network.",
                )
            if urlsplit(self.url).scheme not in ("http", "https"):
                raise errors.BadAddressError(self.url, f"{self.url} is not a web address.")
            response = session.get(
                self.url,
                headers={
                    "User-Agent": _USER_AGENT,
                    "Accept-Encoding": "identity",
                    **self._headers,
                },
                stream=True,
                allow_redirects=False,
                timeout=(self._patience.connect_s, self._patience.stall_s),
                proxies=http_session.proxies_for(self.url, self._settings),
            )
            target = session.get_redirect_target(response)
            if target is None or self._stopped.is_set():
                return response
            response.close()
            self.url = urljoin(self.url, target)
        raise errors.UnexpectedAnswerError(
            self.url, f"{host_of(self.url)} sends from one address to the next without end."
        )

    def _put(self, item: Reply | bytes | Exception | None) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self.items.put(item, timeout=TICK_S)
                return
