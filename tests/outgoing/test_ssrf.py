"""Each case of the table, refused when the URL is given and when it is called: directly, by a redirect, after the name has moved."""

from collections.abc import Iterator

import pytest

from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import DOWNGRADE, HOST, UrlRefused
from infra.outgoing.addresses import is_own, is_public
from infra.outgoing.http import PinnedHttp
from infra.outgoing.targets import check_url
from tests.support.openai_server import OpenAIServer
from tests.support.ssrf_cases import CASES, Case, resolve

HEADERS = {"Content-Type": "application/json"}
LISTED = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
#: What cannot be sent in a header is never a redirect.
SENDABLE = [case for case in CASES if case.url.isprintable() and case.url.isascii() and case.url]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def outgoing(server: OpenAIServer) -> Iterator[PinnedHttp]:
    made = PinnedHttp(allow=[server.authority], resolve=resolve, seconds=5)
    yield made
    made.close()


def test_the_table_names_at_least_sixty_cases_once_each():
    assert len({case.name for case in CASES}) == len({case.url for case in CASES}) == len(CASES) >= 60


@LISTED
async def test_refused_when_it_is_given(case: Case, outgoing: PinnedHttp):
    with pytest.raises(UrlRefused) as refusal:
        await outgoing.check(case.url)
    assert str(refusal.value) == f"The URL is refused: {case.rule}."


@LISTED
async def test_refused_when_it_is_called(case: Case, outgoing: PinnedHttp):
    with pytest.raises(UrlRefused):
        await outgoing.fetch(case.url, bytes_max=1_000)
    with pytest.raises(UrlRefused):
        await outgoing.post(case.url, b"{}", HEADERS, seconds=5)


@pytest.mark.parametrize("case", SENDABLE, ids=lambda case: case.name)
async def test_refused_when_a_redirect_leads_there(case: Case, outgoing: PinnedHttp, server: OpenAIServer):
    """What has no scheme and host of its own stays with the server that was allowed, so it is no way inside."""
    server.elsewhere = case.url
    if ":" in case.url or case.url.startswith("//"):
        with pytest.raises(UrlRefused):
            await outgoing.fetch(f"{server.origin}/moved", bytes_max=1_000)
    else:
        with pytest.raises(FetchFailed):
            await outgoing.fetch(f"{server.origin}/moved", bytes_max=1_000)
        assert server.requests[-1].headers["Host"] == server.authority


async def test_a_name_that_moves_inside_after_it_was_given_is_refused_at_the_attempt():
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    outgoing = PinnedHttp(resolve=rebinding)
    await outgoing.check("https://moving.example/")
    for attempt in (outgoing.fetch("https://moving.example/", bytes_max=9), outgoing.post("https://moving.example/", b"", {}, seconds=5)):
        with pytest.raises(UrlRefused, match=HOST):
            await attempt
    assert asked == ["moving.example"] * 3


async def test_a_post_follows_nobody(outgoing: PinnedHttp, server: OpenAIServer):
    server.behave("redirect")
    server.elsewhere, before = f"{server.origin}/image", len(server.requests)
    posted = await outgoing.post(server.origin, b'{"a": 1}', HEADERS, seconds=5)
    assert posted.status in (302, 307) and len(server.requests) == before + 1


async def test_a_redirect_never_goes_from_https_to_http():
    async def never(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    with pytest.raises(UrlRefused) as refusal:
        await check_url("http://public.example/", resolve=never, allow=["public.example:80"], before="https")
    assert refusal.value.fields["rule"] == DOWNGRADE


@LISTED
def test_the_refusal_tells_nothing_of_the_network(case: Case):
    """One sentence for a name that is unknown and for one that leads inside: the difference would answer questions."""
    assert not any(character.isdigit() for character in HOST)
    assert case.rule.isascii()


def test_this_machines_own_addresses_are_not_public():
    assert is_own("127.0.0.1") and not is_own("8.8.8.8")
    assert is_public("8.8.8.8")
