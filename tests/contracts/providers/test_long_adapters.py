"""What holds for every adapter of long jobs, beyond test_every_adapter: parking, looking after, cancelling, callbacks, lost answers."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.providers.jobs import LookUpUnsupported, Parked, ProviderFailure, Result, Running
from infra.outgoing.http import PinnedHttp
from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import ProtocolServer
from tests.support.providers.case import KEY, NOON, OWN_KEY, SECRET, Case, Outcome, changed
from tests.support.providers.every_case import LONG_CASES

pytestmark = pytest.mark.parametrize("case", LONG_CASES, ids=lambda case: case.name)

CALLBACK_URL = "https://daybook.example/v1/callbacks/provider/a-token-that-nobody-guesses"
#: A look that fails in these ways says nothing about the job.
PASSING = ("bomb", "drop", "limited", "redirect", "status 408", "status 429", "status 500", "status 502", "status 503", "truncated")


async def poll(case: Case, adapter: Any, parked: Parked, **changes: Any) -> Running | Result:
    """As a worker looks after a job: what was parked came back from the database, and the inputs are gone."""
    kept = msgspec.json.decode(msgspec.json.encode(parked), type=Parked)
    return await adapter.poll(changed(case.job, inputs=[], mask=None, **changes), kept)


async def ending(case: Case, adapter: Any, parked: Parked) -> Outcome | None:
    try:
        await poll(case, adapter, parked)
    except ProviderFailure as failed:
        assert "secret" not in failed.message
        return failed.code, failed.retryable
    return None


async def test_a_job_is_parked_looked_after_and_read_by_another_process(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    first = case.adapter(server, outgoing)
    parked = await first.submit(case.job, None)
    await first.close()
    assert parked.upstream_id and parked.poll_seconds > 0
    assert KEY not in repr(parked)
    second = case.adapter(server, outgoing)
    for mood, progress in case.long.running.items():
        server.behave(mood, at="poll")
        running = await poll(case, second, parked)
        assert isinstance(running, Running) and running.progress == progress, mood
    server.behave("well", at="poll")
    for _ in range(2):
        result = await poll(case, second, parked)
        assert [artefact.data for artefact in result.artefacts] == case.makes.artefacts
        assert (result.usage, result.output) == (case.makes.usage, case.makes.output)
    assert len(server.asked("submit")) == 1
    await second.close()


async def test_a_look_that_fails_says_nothing_about_the_job(case: Case, server: ProtocolServer, other: OpenAIServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    server.elsewhere = f"{other.origin}/v1/chat/completions"
    parked = await adapter.submit(case.job, None)
    for mood in PASSING:
        server.behave(mood, at="poll")
        running = await poll(case, adapter, parked)
        assert isinstance(running, Running), mood
        assert (running.poll_seconds == 7) == (mood == "limited"), mood
    server.behave("well", at="poll")
    assert isinstance(await poll(case, adapter, parked), Result)
    assert len(server.asked("submit")) == 1
    assert not any(KEY in str((request.headers, request.path, request.query)) for request in other.requests)
    await adapter.close()


async def test_a_look_waits_no_longer_than_the_job_may_take(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(case.job, None)
    server.behave("silent", at="poll")
    assert isinstance(await poll(case, adapter, parked, timeout_seconds=0.2), Running)
    await adapter.close()


async def test_every_end_of_a_job_has_its_code(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(case.job, None)
    found = {}
    for mood in case.long.failed:
        server.behave(mood, at="poll")
        found[mood] = await ending(case, adapter, parked)
    assert found == case.long.failed
    await adapter.close()


async def test_a_job_that_is_not_known_any_more_is_not_given_again(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(case.job, None)
    server.behave("status 404", at="poll")
    assert await ending(case, adapter, parked) == ("provider_error", False)
    server.behave("status 401", at="poll")
    assert await ending(case, adapter, parked) == ("auth", False)
    await adapter.close()


async def test_the_key_of_the_job_goes_all_the_way(case: Case, server: ProtocolServer, other: OpenAIServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(changed(case.job, api_key=OWN_KEY), None)
    await poll(case, adapter, parked, api_key=OWN_KEY)
    header, value = case.shows(OWN_KEY)
    steps = ["submit", "poll"] + (["download"] if case.long.keyed_download else [])
    for step in steps:
        assert server.asked(step) and {request.headers.get(header) for request in server.asked(step)} == {value}, step
    assert not any(KEY in str(request.headers) for request in server.requests)
    await adapter.close()


async def test_a_download_goes_on_elsewhere_without_the_key(case: Case, server: ProtocolServer, other: OpenAIServer, outgoing: PinnedHttp):
    if not case.long.keyed_download:
        assert server.asked("download") == []
        return
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(case.job, None)
    server.elsewhere = f"{other.origin}/image.png"
    server.behave("redirect", at="download")
    assert isinstance(await poll(case, adapter, parked), Result)
    assert [request.path for request in other.requests] == ["/image.png"]
    assert KEY not in str(other.requests[0].headers)
    for mood in ("drop", "status 503", "truncated"):
        server.behave(mood, at="download")
        assert isinstance(await poll(case, adapter, parked), Running), mood
    server.behave("well", at="download")
    assert isinstance(await poll(case, adapter, parked), Result)
    await adapter.close()


async def test_cancelling_is_told_to_the_provider_where_it_listens(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    parked = await adapter.submit(case.job, None)
    if case.long.can_cancel:
        await adapter.cancel(case.job, parked)
        assert len(server.asked("cancel")) == 1
        server.behave("status 500", at="cancel")
    with pytest.raises(ProviderFailure) as failure:
        await adapter.cancel(case.job, parked)
    assert failure.value.code == ("provider_error" if case.long.can_cancel else "invalid_request")
    await adapter.close()


async def test_a_lost_answer_is_looked_up_where_that_can_be_done(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    server.behave("answer lost", at="submit")
    with pytest.raises(ProviderFailure) as failure:
        await adapter.submit(case.job, None)
    assert failure.value.outcome_unknown
    server.behave("well", at="submit")
    if case.long.can_look_up:
        parked = await adapter.look_up(case.job)
        assert isinstance(await poll(case, adapter, parked), Result)
        assert len(server.asked("submit")) == 1
    else:
        with pytest.raises(LookUpUnsupported):
            await adapter.look_up(case.job)
    await adapter.close()


async def test_a_callback_is_asked_for_where_there_are_any(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing)
    await adapter.submit(case.job, CALLBACK_URL)
    await adapter.submit(case.job, None)
    asked = [CALLBACK_URL in _plain(request.query) + str(request.body) for request in server.asked("submit")]
    assert asked == [case.long.callbacks is not None, False]
    await adapter.close()


async def test_only_callbacks_that_the_provider_made_are_believed(case: Case, server: ProtocolServer, outgoing: PinnedHttp):
    adapter = case.adapter(server, outgoing, callback_secret=SECRET)
    trusting = case.adapter(server, outgoing, callback_secret=None)
    callbacks = case.long.callbacks
    if callbacks is None:
        assert not adapter.heard({}, b"{}", now=NOON)
    else:
        headers, body = callbacks.good()
        # Told twice is told: the job is read again, and is the same.
        assert [adapter.heard(headers, body, now=NOON) for _ in range(2)] == [True, True]
        assert adapter.heard({name.lower(): value for name, value in headers.items()}, body, now=NOON)
        assert {name: adapter.heard(*forged, now=NOON) for name, forged in callbacks.forged().items()} == dict.fromkeys(
            callbacks.forged(), False
        )
        if callbacks.signed:
            for later in (timedelta(minutes=6), timedelta(minutes=-6)):
                assert not adapter.heard(headers, body, now=NOON + later), "replayed"
        # Without a secret nothing can be checked: a callback only wakes, and its URL cannot be guessed.
        assert trusting.heard(headers, body, now=NOON)
    await adapter.close()
    await trusting.close()


def _plain(query: str) -> str:
    return query.replace("%3A", ":").replace("%2F", "/")
