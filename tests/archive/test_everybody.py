"""The API on a log whose old words are archived: the same answers as before, and people go on as if nothing had happened."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from daybook.archiving import archive_now
from daybook.bootstrap import ground
from daybook.office import operator_context
from daybook.proofs import checkpoint_now, keys, proof
from daybook.recovery import recover
from daybook.settings import load
from daybook.verification import remembered, report_of
from domain.credits.commands import RefundCharge
from domain.generations.commands import CancelGeneration
from infra.archive.archiver import Limits
from infra.archive.shelf import Shelf
from projections.projector import rebuild
from projections.read_models import READ_MODELS
from tests.support.api_house import house_environment, open_house
from tests.support.api_words import CAT, key, same_answer
from tests.support.attic import OUTBOX
from tests.support.event_stream import listening
from tests.support.verifying import in_process, loaded

#: Sixteen events a segment.
LEVEL = 4
#: What is made anew at each reading.
FLEETING = ("url", "exported_at", "sessions", "download")
REFUND = "01890000-0000-7000-8000-000000000001"


def silent(done, of):
    """No bar."""


class Past:
    """A house with a past: people who did things once, and what everybody could read of it."""

    def __init__(self, url, redis_url, folder):
        self.url, self.redis_url, self.folder = url, redis_url, folder
        self.settings = load(house_environment(url, redis_url, folder))
        self.key = key()

    @asynccontextmanager
    async def house(self):
        """A house that begins anew, with nothing in its caches."""
        async with open_house(self.url, self.redis_url, self.folder, DAYBOOK_RATE_LIMITS="off") as found:
            yield found

    async def live(self):
        async with self.house() as house:
            self.alice, self.auditor = await house.person(), await house.person("auditor", "user")
            self.done = [await house.finished(self.alice) for _ in range(4)]
            self.asked = await self.submit(house)
            self.queued = await house.generation(self.alice)
            ((self.upto,),) = await rows(house, "SELECT max(position) FROM journal.events")
            for _ in range(6):
                await house.person()
            await settled(house)
            self.read = await self.everything(house)
        await checkpoint_now(self.settings, silent, balances=True)
        async with self.house() as house:
            await settled(house)
            await rows(house, OUTBOX + " RETURNING 1")

    async def submit(self, house):
        return await house.client.post("/v1/generations", json=CAT, headers={**self.alice.headers, "Idempotency-Key": self.key})

    async def everything(self, house):
        """Path -> answer, for what only the log can tell."""
        own, audit = self.alice.headers, self.auditor.headers
        replay = f"/v1/audit/accounts/{self.alice.account_id}/replay"
        answers = {
            "timeline": await house.client.get(f"/v1/generations/{self.done[0][0]}/timeline", headers=own),
            "generation": await house.client.get(f"/v1/generations/{self.done[0][0]}", headers=own),
            "balance then": await house.client.get("/v1/credits/balance", headers=own, params={"as_of_position": 12}),
            "mine": await house.client.get("/v1/me/export", headers=own),
            "entries": await house.client.get("/v1/audit/entries", headers=audit, params={"limit": 30, "order": "asc"}),
            "replay": await house.client.get(replay, headers=audit, params={"as_of_position": self.upto}),
        }
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 200), answers["entries"].text
        async with listening(house.client, "/v1/events", own, last_event_id=1) as stream:
            told = [await anext(stream.events) for _ in range(20)]
        found = {name: lasting(answer.json()) for name, answer in answers.items()}
        return {**found, "told": [(event.id, event.type, lasting(event.data)) for event in told]}


def lasting(value):
    """*value* without what is made anew at each reading."""
    if isinstance(value, dict):
        return {name: lasting(part) for name, part in value.items() if not name.endswith(FLEETING)}
    return [lasting(part) for part in value] if isinstance(value, list) else value


async def rows(house, query, *values):
    async with house.platform.reads.connection() as connection:
        return await (await connection.execute(query, values)).fetchall()


async def settled(house):
    """Until everything is folded."""

    async with asyncio.timeout(30):
        while min((await house.platform.positions.current()).values()) < await house.platform.journal.head():
            await asyncio.sleep(0.02)


@pytest.fixture
async def past(fresh_database_url, redis_url, tmp_path):
    made = Past(fresh_database_url, redis_url, tmp_path)
    await made.live()
    return made


async def test_the_same_answers_and_the_same_rights(past, tmp_path):
    archived = await archive_now(past.settings, Limits(2**62, 0), silent, level=LEVEL)
    assert archived.upto >= past.upto and archived.thinned > 30
    async with past.house() as house:
        assert await past.everything(house) == past.read

        # An old request under its old key is the old one, and a new one is decided on the old account.
        repeated = await past.submit(house)
        assert same_answer(past.asked, repeated) and repeated.headers["idempotency-replayed"] == "true"
        new = await house.client.post("/v1/generations", json=CAT, headers={**past.alice.headers, "Idempotency-Key": key()})
        assert new.status_code == 202, new.text

        # What is decided on an old generation, an old charge and an old asset.
        canceled = await house.client.post(f"/v1/generations/{past.queued}/cancel", headers=past.alice.headers)
        assert canceled.status_code == 200 and canceled.json()["status"] == "canceled"
        generation_id, asset_id = past.done[1]
        refund = RefundCharge(account_id=past.alice.account_id, generation_id=generation_id, refund_id=REFUND, amount=2, reason="late")
        assert (await house.execute(refund)).position > archived.upto
        assert (await house.client.delete(f"/v1/assets/{asset_id}", headers=past.alice.headers)).status_code == 204
        await settled(house)

        for model in READ_MODELS:
            assert await rebuild(past.url, model, silent, archive=Shelf(house.platform.objects)) > archived.upto
    report = await asyncio.to_thread(report_of, past.settings, silent, kept=remembered([], []))
    assert report.ok, report.first_difference


async def test_proofs_of_archived_entries_are_those_of_before(past, tmp_path):
    """Checked by the program of auditors, which knows nothing of an archive."""
    entry, trusted, verifier = 8, tmp_path / "keys", loaded()
    trusted.write_text("".join(f"{line}\n" for line in await keys(past.settings, rotate=False)))
    asked = {"entry": None, "balance": None, "consistency": None}
    before = {
        "entry": await proof(past.settings, **asked | {"entry": entry}),
        "balance": await proof(past.settings, **asked | {"balance": past.alice.account_id}),
    }
    older = size_of(json.loads(before["entry"])["checkpoint"])
    await archive_now(past.settings, Limits(2**62, 0), silent, level=LEVEL)
    assert await proof(past.settings, **asked | {"entry": entry}) == before["entry"]
    assert await proof(past.settings, **asked | {"balance": past.alice.account_id}) == before["balance"]
    async with past.house() as house:
        await house.person()
        await settled(house)
    newer = size_of(await checkpoint_now(past.settings, silent, balances=False))
    found = {
        "entry": await proof(past.settings, **asked | {"entry": entry}),
        "balance": await proof(past.settings, **asked | {"balance": past.alice.account_id}),
        "consistency": await proof(past.settings, **asked | {"consistency": (older, newer)}),
    }
    for name, data in found.items():
        file = tmp_path / name
        file.write_bytes(data)
        said = in_process(verifier, str(file), "--key", str(trusted))
        assert said.code == 0, (name, said)


def size_of(note):
    return int(note.splitlines()[1])


async def test_a_tree_that_is_lost_is_made_again_from_the_segments(past):
    await archive_now(past.settings, Limits(2**62, 0), silent, level=LEVEL)
    async with past.house() as house:
        await rows(house, "DELETE FROM proofs.nodes RETURNING 1")
        await rows(house, "UPDATE proofs.tree SET size = 0 RETURNING 1")
    recovered = await recover(past.settings)
    assert recovered.lost_from is None and recovered.sealed > 0
    report = await asyncio.to_thread(report_of, past.settings, silent, kept=remembered([], []))
    assert report.ok, report.first_difference


async def test_a_projector_waits_for_an_archive_that_is_away(past, monkeypatch):
    """What it folds may need the first fact of an old generation; no read model stops for that."""
    monkeypatch.setattr("projections.kernel.follower.ARCHIVE_SECONDS", 0.1)
    archived = await archive_now(past.settings, Limits(2**62, 0), silent, level=LEVEL)
    async with ground(past.settings, "command") as base:
        cancel = CancelGeneration(generation_id=past.queued, account_id=past.alice.account_id, actor="owner")
        canceled = await base.journal.execute(cancel, operator_context(base))
    folder, away = past.folder / "objects" / "archive", past.folder / "away"
    folder.rename(away)
    async with past.house() as house:
        await asyncio.sleep(0.4)
        position = (await house.platform.positions.current())["usage_daily"]
        assert archived.upto <= position < canceled.position
        assert {state for (state,) in await rows(house, "SELECT state FROM read.models")} == {"live"}
        away.rename(folder)
        await settled(house)
