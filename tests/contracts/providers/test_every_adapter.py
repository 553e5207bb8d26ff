"""What holds for every adapter, short or long: its good answer, each misbehaviour of the provider, keys, connections, cancelling."""

import asyncio
import logging
import pickle
import traceback
from typing import Any

import pytest

from domain.providers.jobs import Artefact, Parked, ProviderFailure, Result
from infra.outgoing.http import PinnedHttp
from tests.support.eventually import eventually
from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import ProtocolServer
from tests.support.providers.case import KEY, OWN_KEY, WAITING, Case, Outcome, changed
from tests.support.providers.every_case import CASES, ONE_EACH, SHORT_CASES

AT_ONCE = 20
EVERY_PROTOCOL_HAS = {"blocked", "empty", "error in 200"}

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
one_each = pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.name)
short = pytest.mark.parametrize("case", SHORT_CASES, ids=lambda case: case.name)


async def begin(case: Case, adapter: Any, **changes: Any) -> Result | Parked:
    """The first step of the job."""
    job = changed(case.job, **changes)
    return await (adapter.submit(job, None) if case.long else adapter.generate(job))


async def failure(case: Case, adapter: Any, **changes: Any) -> ProviderFailure | None:
    """How it fails; None: it does not."""
    try:
        await begin(case, adapter, **changes)
    except ProviderFailure as failed:
        return failed
    return None


def outcome(failed: ProviderFailure | None) -> Outcome | None:
    return None if failed is None else (failed.code, failed.retryable)


@short
async def test_the_good_answer_is_there(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    heard: list[str] = []
    result = await adapter.generate(case.job, say=heard.append)
    assert [artefact.data for artefact in result.artefacts] == case.makes.artefacts
    assert all(isinstance(artefact, Artefact) for artefact in result.artefacts)
    assert (result.usage, result.output) == (case.makes.usage, case.makes.output)
    assert "".join(heard) in ("", (result.output or {}).get("text"))
    await adapter.close()


@every
async def test_every_misbehaviour_is_a_typed_failure(
    case: Case, server: ProtocolServer, other: OpenAIServer, outgoing: PinnedHttp, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    adapter = case.adapter(server, outgoing)
    server.elsewhere = f"{other.origin}/v1/chat/completions"
    found: dict[str, Outcome | None] = {}
    told: list[str] = [repr(adapter), repr(case.job)]
    for mood in case.expected():
        server.behave(mood, at=case.first)
        failed = await failure(case, adapter)
        found[mood] = outcome(failed)
        told += traceback.format_exception(failed) if failed else []
        assert failed is None or (failed.retry_after_seconds == 7) == (mood == "limited"), mood
        assert failed is None or "secret" not in failed.message, mood
        assert failed is None or outcome(pickle.loads(pickle.dumps(failed))) == outcome(failed)
    assert found == case.expected()
    assert KEY not in "".join(told) + caplog.text
    assert not any(KEY in str((request.headers, request.path, request.query, request.sent)) for request in other.requests)
    await adapter.close()


@every
def test_what_every_protocol_has_is_tried(case: Case):
    tried = set(case.own) | set(case.lacks) | (set(case.long.failed) if case.long else set())
    assert tried >= EVERY_PROTOCOL_HAS


@pytest.mark.parametrize("mood", WAITING)
async def test_a_provider_that_lets_us_wait_has_the_time_of_the_job(mood: str):
    """All adapters at once, so that it takes that time once."""
    found = dict(await asyncio.gather(*(_waited(case, mood) for case in ONE_EACH)))
    assert found == {case.name: case.differs.get(mood, WAITING[mood]) for case in ONE_EACH}


async def _waited(case: Case, mood: str) -> tuple[str, Outcome | None]:
    with case.server() as server:
        outgoing = PinnedHttp(allow=[server.authority])
        adapter = case.adapter(server, outgoing)
        # The connection is there before time counts.
        await begin(case, adapter)
        server.behave(mood, at=case.first)
        async with asyncio.timeout(30):
            failed = await failure(case, adapter, timeout_seconds=1)
        await adapter.close()
    return case.name, outcome(failed)


async def test_a_provider_that_is_not_there_may_be_asked_again():
    found = dict(await asyncio.gather(*(_absent(case) for case in ONE_EACH)))
    assert found == {case.name: ("overloaded", True) for case in ONE_EACH}


async def _absent(case: Case) -> tuple[str, Outcome | None]:
    with case.server() as server:
        adapter = case.adapter(server, PinnedHttp(allow=[server.authority]))
    failed = await failure(case, adapter)
    await adapter.close()
    return case.name, outcome(failed)


@one_each
async def test_the_key_of_the_job_goes_before_that_of_the_installation(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter, keyless = case.adapter(server, outgoing), case.adapter(server, outgoing, api_key=None)
    await begin(case, adapter)
    await begin(case, adapter, api_key=OWN_KEY)
    await begin(case, keyless)
    header = case.shows("")[0]
    shown = [{name.lower(): value for name, value in request.headers.items()}.get(header.lower()) for request in server.asked(case.first)]
    assert list(dict.fromkeys(shown)) == [case.shows(KEY)[1], case.shows(OWN_KEY)[1], None]
    await adapter.close()
    await keyless.close()


@one_each
async def test_a_key_that_is_no_header_is_not_quoted(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    for broken in (f"{OWN_KEY}\n", f"{OWN_KEY}é", f"{OWN_KEY}\r\nX: 1", f" {OWN_KEY}"):
        failed = await failure(case, adapter, api_key=broken)
        assert outcome(failed) == ("auth", False)
        assert OWN_KEY not in "".join(traceback.format_exception(failed))
    assert server.requests == []
    await adapter.close()


@one_each
async def test_many_jobs_at_once_share_the_connections(
    case: Case, server: ProtocolServer, outgoing: PinnedHttp, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    adapter = case.adapter(server, outgoing)
    first = await asyncio.gather(*(begin(case, adapter) for _ in range(AT_ONCE)))
    links = len(server.requests) - len(server.asked(case.first))
    for _ in range(5):
        assert type(await begin(case, adapter)) is type(first[0])
    # Links to others are fetched one connection each.
    assert server.connections <= AT_ONCE + 2 * links
    await adapter.close()


@one_each
async def test_cancelling_hangs_up(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    server.behave("silent", at=case.first)
    running = asyncio.create_task(begin(case, adapter))
    await eventually(lambda: bool(server.asked(case.first)))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await eventually(server.hung_up.is_set)
    # The adapter is as good as before.
    server.behave("well", at=case.first)
    assert await begin(case, adapter)
    await adapter.close()
