"""A real HTTP(S) server on 127.0.0.1 that misbehaves as told, for the tests of downloads."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import ssl
import threading
import time
from collections.abc import Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.fetch import Patience
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing

T = TypeVar("T")
FAST = Patience(connect_s=2.0, stall_s=0.4, attempts=3, backoff_s=0.01)
ONCE = dataclasses.replace(FAST, attempts=1)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server does with one request. Fractions are of the body that would be sent."""

    status: int = 0  # 0: 200 or 206, with the content
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # instead of the content
    cut_at: float = 1.0  # hang up there
    stall_at: float = 1.0  # say nothing from there on, until the server is closed
    silent: bool = False  # do not even send the head
    bytes_per_second: float = 0.0
    ranges: bool = True
    length: bool = True  # send Content-Length
    range_shift: int = 0  # answer another range than was asked for


class Site:
    """The running server.

    Attributes:
        content: the file's bytes. `etag`, `modified`: its validators, "" sends none.
        answers: for the next requests; when they are used up, `default` is.
        requests: (path, headers) of each request so far, header names in lower case.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"1"'
        self.modified = ""
        self.answers: list[Answer] = []
        self.default = Answer()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.closing = threading.Event()
        self.address = ""

    @property
    def file_name(self) -> str:
        return f"net-{hashlib.sha256(self.content).hexdigest()[:8]}.pth"

    @property
    def url(self) -> str:
        return f"{self.address}/{self.file_name}"

    def spec(self, **changes: Any) -> ModelSpec:
        """A model whose weights are this content, named after their own hash."""
        values: dict[str, Any] = {
            "id": "net",
            "title": "Net",
            "family": "ResNet",
            "architecture": "resnet18",
            "provider": "torchvision",
            "dataset": "",
            "classes": ("a", "b"),
            "preprocessing": Preprocessing(256, 224),
            "parameters": 1,
            "bytes": len(self.content),
            "url": self.url,
            "sha256_prefix": hashlib.sha256(self.content).hexdigest()[:8],
        }
        return ModelSpec(**{**values, **changes})

    def ranges(self) -> list[str | None]:
        """The Range header of each request so far."""
        return [headers.get("range") for _, headers in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.server.site
        site.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        answer = site.answers.pop(0) if site.answers else site.default
        self.close_connection = True
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self._send(site, answer)

    def do_CONNECT(self) -> None:
        self.do_GET()

    def _send(self, site: Site, answer: Answer) -> None:
        if answer.silent:
            site.closing.wait(20)
            return
        body, status, start = site.content, answer.status or 200, 0
        if answer.body is not None:
            body = answer.body
        elif answer.status:
            body = b"no"
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, site.etag, site.modified)
        content_range = ""
        if asked and same and answer.ranges and status == 200 and answer.body is None:
            start, whole = int(asked[1]) + answer.range_shift, len(body)
            if start >= whole:
                status, body, content_range = 416, b"", f"bytes */{whole}"
            else:
                status, body = 206, body[start:]
                content_range = f"bytes {start}-{whole - 1}/{whole}"
        self.send_response(status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if content_range:
            self.send_header("Content-Range", content_range)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.modified:
            self.send_header("Last-Modified", site.modified)
        if answer.length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        end = int(len(body) * min(answer.cut_at, answer.stall_at))
        step = 32 * 1024
        for offset in range(0, end, step):
            piece = body[offset : min(offset + step, end)]
            self.wfile.write(piece)
            site.sent += len(piece)
            if answer.bytes_per_second:
                time.sleep(len(piece) / answer.bytes_per_second)
            if site.closing.is_set():
                return
        if answer.stall_at < 1.0:
            site.closing.wait(20)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server waits for its threads: none is left behind
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up is what is tested


@contextlib.contextmanager
def serve(content: bytes, certificate: Path | None = None) -> Iterator[Site]:
    """A server on an ephemeral port. `certificate`: PEM with key, for https."""
    site = Site(content)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = site
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        scheme = "https"
    site.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="test server")
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def drive(work: Generator[DownloadProgress, None, T]) -> tuple[list[DownloadProgress], T]:
    """Run a generator to its end: all it yielded, and what it returned."""
    events: list[DownloadProgress] = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return events, end.value


def wait_for_threads(prefix: str = "network", seconds: float = 3.0) -> list[str]:
    """The names of our helper threads that are still alive after at most `seconds`."""
    end = time.monotonic() + seconds
    while True:
        alive = [t.name for t in threading.enumerate() if t.name.startswith(prefix)]
        if not alive or time.monotonic() > end:
            return alive
        time.sleep(0.02)
