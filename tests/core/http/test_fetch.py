"""Pictures from the network, TLS, proxies, and the promise of silence."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from resnet_gui.core import errors
from resnet_gui.core.errors import SettingsError, UnsupportedImageError
from resnet_gui.core.http import session as http_session
from resnet_gui.core.http.fetch import Rate, fetch_image
from resnet_gui.core.http.settings import HttpSettings, is_loopback
from resnet_gui.core.zoo.storage.downloads import download_weights
from tests.helpers.download_server import FAST, ONCE, Answer, Site, drive, serve, wait_for_threads

ROOT = Path(__file__).resolve().parents[3]
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*PROXY_VARIABLES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    yield
    assert wait_for_threads() == []


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(random.Random(7).randbytes(200_000)) as running:
        yield running


def png(width: int = 40, height: int = 30) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 10, 10)).save(buffer, "PNG")
    return buffer.getvalue()


# --- pictures ---------------------------------------------------------------------------------


def test_a_picture_is_fetched(site: Site) -> None:
    site.content = png()
    events, source = drive(fetch_image(f"{site.address}/a%20cat.png?size=2", patience=FAST))
    assert source.name == "a cat.png"
    assert source.data == site.content
    assert events[-1].done == len(site.content)


def test_a_picture_without_a_length_or_packed(site: Site) -> None:
    import gzip

    site.content = png()
    site.answers = [
        Answer(length=False),
        Answer(body=gzip.compress(png()), headers=(("Content-Encoding", "gzip"),)),
    ]
    for _ in range(2):
        _, source = drive(fetch_image(f"{site.address}/a.png", patience=FAST))
        assert source.data == site.content


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://h/a.png", "a.png", "http://", ""])
def test_only_web_addresses_are_fetched(address: str) -> None:
    with pytest.raises(errors.BadAddressError, match="not a web address"):
        drive(fetch_image(address, patience=FAST))


def test_a_redirect_to_a_file_is_refused(site: Site) -> None:
    site.answers = [Answer(status=302, headers=(("Location", "file:///etc/passwd"),))]
    with pytest.raises(errors.BadAddressError):
        drive(fetch_image(f"{site.address}/a.png", patience=FAST))


def test_a_web_page_is_not_a_picture(site: Site) -> None:
    site.answers = [Answer(headers=(("Content-Type", "text/html; charset=utf-8"),))]
    with pytest.raises(errors.WebPageError, match="Copy image"):
        drive(fetch_image(f"{site.address}/cat", patience=FAST))


def test_what_is_no_picture_is_named(site: Site) -> None:
    with pytest.raises(UnsupportedImageError, match=r"notes\.bin is not a photo"):
        drive(fetch_image(f"{site.address}/notes.bin", patience=FAST))


@pytest.mark.parametrize("length", [True, False])
def test_a_picture_beyond_the_limit_is_refused(site: Site, length: bool) -> None:
    site.default = Answer(length=length)
    with pytest.raises(errors.TooLargeError, match="limit"):
        drive(fetch_image(f"{site.address}/a.png", patience=FAST, max_bytes=100_000))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(cut_at=0.5), errors.TruncatedError),
        (Answer(status=403), errors.AccessRefusedError),
        (Answer(status=404), errors.NotFoundError),
        (Answer(status=500), errors.ServerTroubleError),
        (Answer(stall_at=0.5), errors.StalledError),
    ],
)
def test_a_picture_that_does_not_come(
    site: Site, answer: Answer, kind: type[errors.NetworkError]
) -> None:
    site.content = png(1000, 1000)
    site.answers = [answer]
    with pytest.raises(kind) as caught:
        drive(fetch_image(f"{site.address}/a.png", patience=FAST))
    assert "import" not in str(caught.value)  # advice for weights has no place here
    drive(fetch_image(f"{site.address}/a.png", patience=FAST))


def test_stop_hangs_up(site: Site) -> None:
    site.answers = [Answer(stall_at=0.5)]
    work = fetch_image(f"{site.address}/a.png")
    while next(work).done == 0:
        pass
    work.close()
    assert wait_for_threads() == []


def test_offline_mode_fetches_no_picture(site: Site) -> None:
    with pytest.raises(errors.OfflineModeError, match=r"a\.png was not fetched"):
        drive(fetch_image(f"{site.address}/a.png", HttpSettings(offline=True)))
    assert site.requests == []


# --- trust ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key in one PEM file."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command")
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", str(path), "-out", str(path.with_suffix(".crt")),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def test_an_unknown_certificate_is_refused_and_can_be_trusted(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(random.Random(7).randbytes(200_000), certificate) as site:
        with pytest.raises(errors.CertificateError, match="self-signed") as caught:
            drive(download_weights(site.spec(), tmp_path, patience=FAST))
        assert "CA bundle" in str(caught.value)
        assert not list(tmp_path.glob("*.pth"))
        bundle = certificate.with_suffix(".crt")
        for number, settings in enumerate((HttpSettings(ca_bundle=bundle), None)):
            if settings is None:
                monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
            folder = tmp_path / str(number)
            _, path = drive(download_weights(site.spec(), folder, settings, FAST))
            assert path.read_bytes() == site.content


def test_cancel_in_the_middle_of_a_protected_download(certificate: Path, tmp_path: Path) -> None:
    with serve(random.Random(7).randbytes(2_000_000), certificate) as site:
        site.answers = [Answer(stall_at=0.5)]
        settings = HttpSettings(ca_bundle=certificate.with_suffix(".crt"))
        work = download_weights(site.spec(), tmp_path, settings)
        while next(work).done < 1_000_000:
            pass
        work.close()
        assert wait_for_threads() == []
        _, path = drive(download_weights(site.spec(), tmp_path, settings, ONCE))
        assert path.read_bytes() == site.content
        assert site.ranges() == [None, "bytes=1000000-"]


def test_a_server_that_does_not_speak_tls(site: Site, tmp_path: Path) -> None:
    spec = site.spec(url=site.url.replace("http:", "https:"))
    with pytest.raises(errors.CertificateError, match="wrong version number"):
        drive(download_weights(spec, tmp_path, patience=FAST))


def test_a_ca_bundle_that_cannot_be_read(tmp_path: Path, site: Site) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for name in ("no.pem", "missing.pem"):
        with pytest.raises(SettingsError, match=name):
            drive(
                download_weights(
                    site.spec(), tmp_path, HttpSettings(ca_bundle=tmp_path / name), FAST
                )
            )


def test_an_expired_certificate_brings_the_clock_to_mind() -> None:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    inner.verify_message = "certificate has expired"
    outer = requests.exceptions.SSLError(inner)
    found = http_session.as_network_error(outer, "https://weights.example/a", "", FAST)
    assert isinstance(found, errors.CertificateError)
    assert "date and time" in str(found)


# --- the way there ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"), [(407, "user name and a password"), (403, "refused the connection")]
)
def test_a_proxy_that_refuses(site: Site, tmp_path: Path, status: int, words: str) -> None:
    proxy = site.address.replace("//", "//me:secret@")
    site.default = Answer(status=status)
    spec = site.spec(url=f"https://weights.example/{site.file_name}")
    with pytest.raises(errors.ProxyError, match=words) as caught:
        drive(download_weights(spec, tmp_path, HttpSettings(proxy=proxy), FAST))
    assert caught.value.status == status
    assert "secret" not in str(caught.value)
    assert "weights.example" not in caught.value.proxy
    assert len(site.requests) == 1


def test_a_proxy_is_used_for_pictures_too(site: Site) -> None:
    site.content = png()
    settings = HttpSettings(proxy=site.address)
    drive(fetch_image("http://pictures.example/a.png", settings, FAST))
    assert site.requests[0][0] == "http://pictures.example/a.png"
    site.answers = [Answer(status=407)]
    with pytest.raises(errors.ProxyError, match="password"):
        drive(fetch_image("http://pictures.example/a.png", settings, FAST))


def test_the_systems_proxy_is_used(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", site.address)
    site.default = Answer(status=407)
    spec = site.spec(url=f"https://weights.example/{site.file_name}")
    with pytest.raises(errors.ProxyError):
        drive(download_weights(spec, tmp_path, patience=FAST))
    site.default = Answer()
    drive(download_weights(site.spec(), tmp_path, patience=FAST))  # this computer: asked directly
    assert [path[0] for path, _ in site.requests] == ["w", "/"]


def test_a_proxy_that_is_not_there(site: Site, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        gone = stack.enter_context(serve(b"")).address
    spec = site.spec(url=f"https://weights.example/{site.file_name}")
    with pytest.raises(errors.ProxyError, match=r"127\.0\.0\.1:\d+ could not be reached"):
        drive(download_weights(spec, tmp_path, HttpSettings(proxy=gone), FAST))


def test_names_that_are_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    spec = Site(b"x" * 100).spec(url="https://weights.example/net-00000000.pth")
    for route, kind in ((True, errors.NameLookupError), (False, errors.NotConnectedError)):
        monkeypatch.setattr(http_session, "has_route", lambda route=route: route)
        with pytest.raises(kind) as caught:
            drive(download_weights(spec, tmp_path, patience=FAST))
        assert "Import weights" in str(caught.value)


def test_settings_survive_as_json_and_refuse_what_cannot_work() -> None:
    settings = HttpSettings(
        "http://proxy.example:3128", Path("/ca.pem"), "https://m.example/w", Path("/w"), True
    )
    assert HttpSettings.from_json(settings.to_json()) == settings
    assert HttpSettings.from_json({}) == HttpSettings()
    for wrong in ({"proxy": "proxy:3128"}, {"proxy": "http://:x"}, {"mirror": "http://m.example"}):
        with pytest.raises(SettingsError):
            HttpSettings.from_json(wrong)
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("192.168.0.1")


def test_the_rate_starts_again_with_the_download() -> None:
    rate = Rate()
    assert rate.at(1000) == 0
    assert rate.at(0) == 0


# --- silence ----------------------------------------------------------------------------------

# Any attempt to look up a name, to connect or to send ends the program with an error.
SILENT = """
import os, sys, io
def watch(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"):
        os.write(2, f"NETWORK: {event} {args[1:]}\\n".encode())
        os._exit(3)
sys.addaudithook(watch)
from resnet_gui.core.zoo import Zoo
entries = Zoo.standard().entries()
assert any(not entry.state.ready for entry in entries)
from PIL import Image
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.inference.classifier import Classifier
buffer = io.BytesIO()
Image.new("RGB", (300, 260), (120, 90, 30)).save(buffer, "PNG")
source = ImageSource("made", buffer.getvalue())
installed = [entry.spec.id for entry in entries if entry.state.ready]
if not installed:
    print("nothing installed")
else:
    events = list(Classifier(Zoo.standard()).classify([source], installed[0], "cpu"))
    assert isinstance(events[-1], Prediction), events
    print("classified with", installed[0])
"""


@pytest.mark.parametrize("namespace", [True, False])
def test_listing_and_classifying_never_touch_the_network(tmp_path: Path, namespace: bool) -> None:
    command = [sys.executable, "-c", SILENT]
    if namespace:
        unshare = shutil.which("unshare")
        if (
            unshare is None
            or subprocess.run([unshare, "-n", "true"], capture_output=True).returncode
        ):
            pytest.skip("cutting the network namespace is not permitted")
        command = [unshare, "-n", *command]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "RESNET_GUI_HOME": str(tmp_path)}
    env["OMP_WAIT_POLICY"] = "PASSIVE"
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    if "nothing installed" in done.stdout:
        pytest.skip("the model of the extra “offline” is not installed: only listing was seen")
    assert "classified" in done.stdout


def test_with_the_network_cut_a_download_says_so(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], capture_output=True).returncode:
        pytest.skip("cutting the network namespace is not permitted")
    program = (
        "from resnet_gui.core.http.fetch import fetch_image\n"
        "for url in ('http://weights.example/a.png', 'http://192.0.2.1/a.png'):\n"
        "    try:\n"
        "        list(fetch_image(url))\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [unshare, "-n", sys.executable, "-c", program],
        capture_output=True, text=True, env=env, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["NotConnectedError", "NotConnectedError"], done.stderr


def test_the_window_may_import_all_of_this_without_torch() -> None:
    program = (
        "import sys, resnet_gui.core.http.fetch, resnet_gui.core.zoo.storage.downloads\n"
        "assert 'torch' not in sys.modules and 'requests' not in sys.modules\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], check=True, env=env, cwd=ROOT)
