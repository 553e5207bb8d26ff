"""Downloads from others' URLs: which are refused, that the checked address is the one connected to, and what stops them."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from infra.outgoing.addresses import is_public
from infra.outgoing.http import PinnedHttp
from infra.outgoing.resolving import SystemResolver
from infra.outgoing.targets import check_url
from tests.support.openai_server import PIXEL, OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def resolving(**names: list[str]) -> Callable[[str, int], Any]:
    async def resolve(host: str, port: int) -> list[str]:
        if host.replace(".", "_") not in names:
            raise OSError("no such name")
        return names[host.replace(".", "_")]

    return resolve


PUBLIC = resolving(
    example_com=["93.184.216.34", "2606:2800:220:1::1"], inside_example=["10.0.0.1"], mixed_example=["93.184.216.34", "127.0.0.1"]
)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "192.168.1.1", "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "2002:7f00:1::", "2002:a00:1::", "2001:0:0:0:0:0:80ff:fffe", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
        "2001:db8::1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_of_our_own_network_are_not_public_in_any_spelling(address: str):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "http://example.com/", "https://example.com:22/",
        "https://example.com:6379/", "https://user@example.com/", "https://user:password@example.com/", "https:///path", "https://",
        "https://example.com\\@inside.example/", "https://exa mple.com/", "https://example.com/\r\nX: y", "https://example.com:99999/",
        "https://inside.example/", "https://mixed.example/", "https://unknown.example/", "https://" + "a" * 3_000, "https://[::1/",
        "gopher://example.com",
        "data:text/plain,x", "https://\u2100.com/", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_a_url_that_breaks_a_rule_is_refused(url: str):
    with pytest.raises(UrlRefused):
        await check_url(url, resolve=PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
        "127.0.0.1.",
    ],
)
async def test_loopback_is_refused_in_every_spelling_that_the_system_resolves(host: str):
    with pytest.raises(UrlRefused):
        await check_url(f"https://{host}/", resolve=SystemResolver())


async def test_a_good_url_becomes_a_target_with_all_its_addresses():
    target = await check_url("https://EXAMPLE.com.:8443/a/b?c=d#e", resolve=PUBLIC)
    assert (target.host, target.port, target.path) == ("example.com", 8443, "/a/b?c=d")
    assert target.addresses == ("93.184.216.34", "2606:2800:220:1::1")
    assert target.authority == "example.com:8443"
    assert (await check_url("https://example.com", resolve=PUBLIC)).authority == "example.com"


async def test_an_international_name_is_asked_for_in_ascii():
    target = await check_url("https://B\u00fccher.example/", resolve=resolving(**{"xn--bcher-kva_example": ["8.8.8.8"]}))
    assert target.host == "xn--bcher-kva.example"


async def test_the_allow_list_opens_one_host_and_port(server: OpenAIServer):
    assert (await PinnedHttp(allow=[server.authority]).fetch(f"{server.origin}/image", bytes_max=1_000)).data == PIXEL
    for allow in ([], ["127.0.0.1:1"], ["127.0.0.1"], [f"localhost:{server.authority.rpartition(':')[2]}"]):
        with pytest.raises(UrlRefused):
            await PinnedHttp(allow=allow).fetch(f"{server.origin}/image", bytes_max=1_000)


async def test_the_name_is_resolved_once_and_that_address_is_used(server: OpenAIServer):
    """Rebinding: a second look-up would give another address."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.9"]

    port = server.authority.rpartition(":")[2]
    found = await PinnedHttp(allow=[f"moving.example:{port}"], resolve=resolve).fetch(
        f"http://moving.example:{port}/image", bytes_max=1_000
    )
    assert (found.data, asked) == (PIXEL, ["moving.example"])
    assert server.requests[0].headers["Host"] == f"moving.example:{port}"


async def test_the_next_address_is_tried_when_one_does_not_answer(server: OpenAIServer):
    port = server.authority.rpartition(":")[2]
    resolve = resolving(two_example=["127.0.0.2", "127.0.0.1"])
    found = await PinnedHttp(allow=[f"two.example:{port}"], resolve=resolve).fetch(f"http://two.example:{port}/image", bytes_max=1_000)
    assert found.data == PIXEL
    with pytest.raises(FetchFailed):
        await PinnedHttp(allow=["two.example:1"], resolve=resolve).fetch("http://two.example:1/image", bytes_max=1_000)


async def test_a_redirect_is_followed_by_the_same_rules(server: OpenAIServer):
    fetcher = PinnedHttp(allow=[server.authority])
    server.elsewhere = "/image"
    assert (await fetcher.fetch(f"{server.origin}/moved", bytes_max=1_000)).data == PIXEL
    for inside in ("http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data/", "https://localhost/", "file:///etc/passwd"):
        server.elsewhere = inside
        with pytest.raises(UrlRefused):
            await fetcher.fetch(f"{server.origin}/moved", bytes_max=1_000)


async def test_redirects_in_a_circle_end(server: OpenAIServer):
    with pytest.raises(FetchFailed, match="too many redirects"):
        await PinnedHttp(allow=[server.authority]).fetch(f"{server.origin}/round", bytes_max=1_000)
    assert len(server.requests) == 4


async def test_a_body_over_the_limit_is_cut_off(server: OpenAIServer):
    fetcher = PinnedHttp(allow=[server.authority])
    for path in ("/endless", "/bomb", "/image"):
        with pytest.raises(FetchFailed, match="BodyTooLarge"):
            await fetcher.fetch(f"{server.origin}{path}", bytes_max=60)


async def test_a_slow_body_ends_with_the_total_time(server: OpenAIServer):
    began = time.monotonic()
    with pytest.raises(FetchFailed, match="TimeoutError"):
        await PinnedHttp(allow=[server.authority], seconds=0.4).fetch(f"{server.origin}/slow", bytes_max=10_000_000)
    assert time.monotonic() - began < 5


async def test_another_status_fails_without_telling_the_body(server: OpenAIServer):
    with pytest.raises(FetchFailed) as failure:
        await PinnedHttp(allow=[server.authority]).fetch(f"{server.origin}/nothing", bytes_max=1_000)
    assert str(failure.value) == "status 404"


async def test_the_certificate_is_checked_for_the_name_not_for_the_address(tmp_path: Path):
    with _TlsServer(tmp_path, "named.example") as (port, trusted):
        resolve = resolving(named_example=["127.0.0.1"], other_example=["127.0.0.1"])
        allow = [f"named.example:{port}", f"other.example:{port}"]
        fetcher = PinnedHttp(allow=allow, resolve=resolve, verify=trusted)
        assert (await fetcher.fetch(f"https://named.example:{port}/", bytes_max=100)).data == b"over tls"
        with pytest.raises(FetchFailed):
            await fetcher.fetch(f"https://other.example:{port}/", bytes_max=100)
        with pytest.raises(FetchFailed):
            await PinnedHttp(allow=allow, resolve=resolve).fetch(f"https://named.example:{port}/", bytes_max=100)


class _Hello(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"over tls")


class _TlsServer:
    """An https server with a fresh certificate for one name, and the context that trusts it."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        self._file = folder / "server.pem"
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))

    def __enter__(self) -> tuple[int, ssl.SSLContext]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file)
        self._server = HTTPServer(("127.0.0.1", 0), _Hello)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self._server.server_port, ssl.create_default_context(cafile=str(self._file))

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
