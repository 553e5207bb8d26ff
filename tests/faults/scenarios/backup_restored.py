"""The database is lost, and restored from a dump that was made under load and is older than the head."""

import asyncio
import time
import uuid
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import psycopg

from tests.bench.books import grant
from tests.faults.audit import wait_for_the_notary, with_audit
from tests.faults.book import Book
from tests.faults.client import submit_all
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import CREDITS, GENERATIONS, SUBMIT_SECONDS, healed, report
from tests.faults.stack import Stack
from tests.recovery.test_backup import pg
from tests.support.event_stream import listening

#: Submits to the restored log.
AFTERWARDS = 50
PASSWORD = "correct horse"
REQUESTED = "SELECT stream FROM journal.events WHERE account_id = %s AND topic = 'generations.requested'"
LEASED = "SELECT count(*) FROM dispatch.work WHERE state = 'leased'"


class Person:
    """Who can log in again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.email = f"{uuid.uuid4().hex}@example.com"

    async def register(self) -> tuple[str, UUID]:
        said = await self._asked("register")
        return said["access_token"], UUID(said["account"]["id"])

    async def token(self, url: str) -> str:
        """By logging in."""
        self.url = url
        return str((await self._asked("login"))["access_token"])

    async def _asked(self, what: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
            answer = await client.post(f"/v1/auth/{what}", json={"email": self.email, "password": PASSWORD})
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            return said


async def run(running: Stack, chance: Random, form: Form) -> Report:
    folder = running.folder / f"restored-{chance.getrandbits(32):08x}"
    dump = folder / "daybook.dump"
    with ExitStack() as opened:
        first = opened.enter_context(running.own_database())
        second = opened.enter_context(running.own_database())
        with running.fresh(database_url=first, folder=folder) as own:
            person = Person(own.url)
            token, account = await person.register()
            await grant(first, account, CREDITS)
            submits = asyncio.create_task(submit_all(own.url, token, GENERATIONS, seconds=SUBMIT_SECONDS))
            there = round(chance.uniform(0.3, 0.7) * GENERATIONS)
            while len(await asyncio.to_thread(kept_of, first, account)) < there and not submits.done():
                await asyncio.sleep(0.02)
            await asyncio.to_thread(pg, "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={first}")
            ids = await submits
            await healed(own, ids, time.monotonic())
            await asyncio.to_thread(wait_for_the_notary, Book(first))
            last_seen = Book(first).head()
            before = published(folder)
        pg("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={second}", str(dump))
        kept = kept_of(second, account)
        wrong = recovered(Stack(folder, database_url=second, redis_url=running.redis_url))
        if counted(second, LEASED):
            wrong.append("leases outlived the restore")
        own = opened.enter_context(running.fresh(database_url=second, folder=folder))
        began = time.monotonic()
        wrong += await told(own, person, token, last_seen)
        more = await submit_all(own.url, await person.token(own.url), AFTERWARDS, seconds=0.5)
        await healed(own, [*kept, *more], began)
        made = report(
            own, "backup-restored", account, [*kept, *more], expected=len(kept) + AFTERWARDS, heal_seconds=time.monotonic() - began
        )
        await asyncio.to_thread(wait_for_the_notary, Book(second))
        wrong += forked(before, published(folder))
        note = f"{len(ids) - len(kept)} of {len(ids)} accepted generations were younger than the copy, and are lost with it"
        return with_audit(replace(made, wrong=(*made.wrong, *wrong), notes=(note,)), own)


def kept_of(database_url: str, account: UUID) -> list[UUID]:
    """The generations that the copy knows."""
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute(REQUESTED, (account,)).fetchall()]


def counted(database_url: str, query: str) -> int:
    with psycopg.connect(database_url) as connection:
        return int(connection.execute(query).fetchall()[0][0])


def recovered(stopped: Stack) -> list[str]:
    """What is wrong with how `daybook recover` ends; it must find out that signed positions were lost."""
    done = stopped.command("recover")
    if done.returncode:
        return [f"daybook recover ended with {done.returncode}: {done.stdout}{done.stderr}"]
    return [] if "incarnation 2 of the log has begun" in done.stdout else [f"daybook recover lost nothing: {done.stdout}"]


async def told(own: Stack, person: Person, old_token: str, last_seen: int) -> list[str]:
    """What is wrong with what a client hears that comes back with the last id it had seen."""
    wrong = []
    token = await person.token(own.url)
    async with httpx.AsyncClient(base_url=own.url, trust_env=False, timeout=20) as client:
        refreshed = await client.get("/v1/me", headers={"Authorization": f"Bearer {old_token}"})
        if refreshed.status_code != 401:
            wrong.append(f"a session of before the restore is answered {refreshed.status_code}")
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(last_seen)}
        async with listening(client, "/v1/events", headers) as stream:
            try:
                await stream.read(until="reload", seconds=10)
            except (AssertionError, TimeoutError):
                wrong.append("a client that resumes from a lost position is not told to read anew")
    return wrong


def published(folder: Path) -> dict[str, str]:
    """The notes in the object store, by their names."""
    notes = (folder / "data" / "objects" / "checkpoints").iterdir()
    return {note.name: note.read_text() for note in notes if note.name != "latest"}


def forked(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What is wrong with the notes: one that was changed, or two that sign another root for the same origin and size."""
    wrong = [f"checkpoint {name} was changed" for name, note in before.items() if after.get(name) != note]
    roots: dict[tuple[str, str], set[str]] = {}
    for note in [*before.values(), *after.values()]:
        origin, size, root = note.split("\n")[:3]
        roots.setdefault((origin, size), set()).add(root)
    wrong += [f"{origin} has two roots of size {size}" for (origin, size), found in roots.items() if len(found) > 1]
    return wrong + ([] if set(after) - set(before) else ["nothing was signed after the restore"])


BACKUP_RESTORED = Fault(
    key="backup-restored",
    breaks="The database is restored from a dump older than its head, and recovered; counts from when the API answers again.",
    heals_within=None,
    short=False,
    run=run,
)
