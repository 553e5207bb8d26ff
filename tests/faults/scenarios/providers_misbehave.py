"""Providers misbehave in every way that their adapters know, job by job, among jobs that are well: one worker, one book.

What must come of each is the table of the adapters' contract tests. A mood whose answer may have been paid for is asked for once.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from tests.faults.audit import audit
from tests.faults.callers import insist, submit
from tests.faults.fault import Fault, Form, Report
from tests.faults.load import customer, healed, report
from tests.faults.moody_servers import MoodyOpenAIServer, MoodyReplicateServer, Planned, prompt_of
from tests.faults.stack import Stack
from tests.support.providers.case import WAITING, Case, Outcome
from tests.support.providers.cases import openai_compatible, replicate
from tests.support.providers.cases.replicate import WHSEC

ATTEMPTS = 2
#: In turns of all moods. Many are well, or a provider's circuit would be open most of the time.
TURNS = {Form.SHORT: 1, Form.WHOLE: 1, Form.LONG: 5}
WELL_EACH = 3
PER_SECOND = 20.0
#: Seconds that a job of a hasty model may take.
HASTY_SECONDS = 3
#: Floods the machine that it shares with everything else here; the contract tests have it.
LEFT_OUT = ("endless",)
#: Looks that say nothing of the job.
PASSING_LOOKS = ("drop", "html", "status 500", "status 503", "truncated")
WAITED, HASTY, LONG, LONG_HASTY = "waited", "hasty", "long", "long-hasty"
VENDORS = {"openai": "OPENAI", "openai-compatible": "OPENAI_COMPATIBLE", "openrouter": "OPENROUTER"}
ROW = """
[[models]]
id = "{id}"
kind = "image"
provider = "{provider}"
title = "{id}"
description = "Misbehaves."
price = 5
upstream = "{upstream}"
attempts_max = {attempts}
timeout_seconds = {seconds}
{more}
"""
CHAT = '[models.adapter]\nendpoint = "chat"\nsends = ["aspect_ratio"]'
PREDICTION = 'long = true\n[models.adapter.fields]\nprompt = "prompt"\naspect_ratio = "aspect_ratio"'
ENDS = """
    SELECT stream, topic, state ->> 'code' FROM journal.log
    WHERE stream = ANY (%(ids)s) AND topic IN ('generations.succeeded', 'generations.failed', 'generations.canceled')
"""
CIRCUITS = "SELECT coalesce(sum(opened), 0) FROM dispatch.providers"


class Job(NamedTuple):
    """One submit of *model*, how its provider meets it, and what must come of it: a code, '' for success, and how many submits."""

    model: str
    planned: Planned
    code: str
    submits: int


def end_of(outcome: Outcome, *, once: bool) -> tuple[str, int]:
    """The code, and how often the provider is asked."""
    code, again = outcome
    return ("" if once and again else code), (ATTEMPTS if again else 1)


def jobs_of(chance: Random, turns: int) -> list[Job]:
    """Every mood *turns* times, by chance at every submit or at the first only, and WELL_EACH times as many well ones; shuffled."""
    found: list[Job] = []
    for _ in range(turns):
        found += misbehaving(case_of(openai_compatible.CASES, "openai image by chat"), "generate", (WAITED, HASTY), chance)
        found += misbehaving(case_of(replicate.CASES, "replicate"), "submit", (LONG, LONG_HASTY), chance)
        ended = case_of(replicate.CASES, "replicate").long
        assert ended is not None
        found += [met(LONG, "poll", mood, outcome, chance) for mood, outcome in ended.failed.items()]
        found += [Job(LONG, Planned(looks=(mood, "processing")[: 1 + (number % 2)]), "", 1) for number, mood in enumerate(PASSING_LOOKS)]
    well = [Job(chance.choice((WAITED, WAITED, LONG)), Planned(), "", 1) for _ in range(WELL_EACH * len(found))]
    jobs = found + well
    chance.shuffle(jobs)
    return jobs


def misbehaving(case: Case, step: str, models: tuple[str, str], chance: Random) -> list[Job]:
    patient, hasty = models
    expected = {mood: outcome for mood, outcome in case.expected().items() if mood not in LEFT_OUT}
    return [met(patient, step, mood, outcome, chance) for mood, outcome in expected.items()] + [
        met(hasty, step, mood, outcome, chance) for mood, outcome in WAITING.items()
    ]


def met(model: str, step: str, mood: str, outcome: Outcome, chance: Random) -> Job:
    once = chance.random() < 0.5
    return Job(model, Planned(mood, step, once), *end_of(outcome, once=once))


def case_of(cases: Sequence[Case], name: str) -> Case:
    return next(case for case in cases if case.name == name)


def catalogue() -> str:
    """Rows of waited-for models for each vendor, so that they have circuits of their own, and of long ones."""
    rows = ["price_version = 1"]
    for vendor in VENDORS:
        for model, seconds in ((WAITED, 60), (HASTY, HASTY_SECONDS)):
            rows.append(row(f"{model}/{vendor}", vendor, "vendor/model-1", seconds, CHAT))
    rows += [
        row(f"{model}/replicate", "replicate", "owner/name", seconds, PREDICTION)
        for model, seconds in ((LONG, 120), (LONG_HASTY, HASTY_SECONDS))
    ]
    return "\n".join(rows)


def row(name: str, provider: str, upstream: str, seconds: int, more: str) -> str:
    return ROW.format(id=name, provider=provider, upstream=upstream, attempts=ATTEMPTS, seconds=seconds, more=more)


def body(number: int, job: Job) -> Mapping[str, object]:
    vendor = list(VENDORS)[number % len(VENDORS)] if job.model in (WAITED, HASTY) else "replicate"
    return {"kind": "image", "model": f"{job.model}/{vendor}", "prompt": prompt_of(number), "params": {"size": "1344x768"}}


def settings(running: Stack, waited: MoodyOpenAIServer, long: MoodyReplicateServer) -> dict[str, str]:
    path = running.folder / "misbehaving.toml"
    path.write_text(catalogue())
    found = {f"{word}_BASE_URL": waited.url for word in VENDORS.values()} | {
        f"{word}_API_KEY": "sk-of-the-chaos" for word in VENDORS.values()
    }
    return found | {
        "DAYBOOK_CATALOGUE": str(path),
        "REPLICATE_BASE_URL": long.url,
        "REPLICATE_API_KEY": "sk-of-the-chaos",
        "REPLICATE_CALLBACK_SECRET": WHSEC,
        # Callbacks are sent to us by way of the provider's server, which knows where the API is.
        "DAYBOOK_PUBLIC_URL": long.origin,
        "DAYBOOK_OUTGOING_ALLOW": f"{waited.authority},{long.authority}",
    }


async def run(running: Stack, chance: Random, form: Form) -> Report:
    jobs = jobs_of(chance, TURNS[form])
    plan = {number: job.planned for number, job in enumerate(jobs)}
    with MoodyOpenAIServer(plan) as waited, MoodyReplicateServer(plan) as long:
        waited.elsewhere = long.elsewhere = f"{waited.origin}/moved"
        with running.fresh(**settings(running, waited, long)) as own:
            long.api = own.url
            return await judged(own, jobs, waited, long)


async def submitted(own: Stack, token: str, number: int, job: Job) -> UUID:
    await asyncio.sleep(number / PER_SECOND)
    return (await insist(lambda _: own.port, submit(token, str(uuid4()), body(number, job)))).id


async def judged(own: Stack, jobs: Sequence[Job], waited: MoodyOpenAIServer, long: MoodyReplicateServer) -> Report:
    token, account = await customer(own)
    accepted = await asyncio.gather(*(submitted(own, token, number, job) for number, job in enumerate(jobs)))
    began = time.monotonic()
    await healed(own, accepted, began)
    heal_seconds = time.monotonic() - began
    complaint = await asyncio.to_thread(audit, own)
    wrong = [
        *asked_wrongly(jobs, waited, long),
        *ended_wrongly(own, jobs, accepted),
        *called_back_wrongly(long),
        *([complaint] if complaint else []),
    ]
    return report(
        own,
        "providers-misbehave",
        account,
        accepted,
        expected=len(jobs),
        heal_seconds=heal_seconds,
        wrong=tuple(wrong),
        notes=(
            f"{sum(job.planned != Planned() for job in jobs)} of {len(jobs)} jobs were met with a mood, {opened(own)} circuits opened, "
            f"{sum(long.answers.values())} callbacks",
        ),
    )


def asked_wrongly(jobs: Sequence[Job], waited: MoodyOpenAIServer, long: MoodyReplicateServer) -> list[str]:
    """Who was asked more often, or less, than its mood wants: more would be paid for twice."""
    found = []
    for number, job in enumerate(jobs):
        submits = waited.jobs.submits[number] + long.jobs.submits[number]
        if submits != job.submits:
            found.append(f"{told(job)} was submitted {submits} times instead of {job.submits}")
    return found


def ended_wrongly(own: Stack, jobs: Sequence[Job], accepted: Sequence[UUID]) -> list[str]:
    with psycopg.connect(own.database_url) as connection:
        rows = connection.execute(ENDS, {"ids": list(accepted)}).fetchall()
    ends = {stream: code or "" for stream, topic, code in rows if topic != "generations.canceled"}
    return [
        f"{told(job)} ended with {ends.get(generation_id)!r} instead of {job.code!r}"
        for job, generation_id in zip(jobs, accepted, strict=True)
        if ends.get(generation_id) != job.code
    ]


def called_back_wrongly(long: MoodyReplicateServer) -> list[str]:
    """The provider and who forges a signature are thanked alike; a place that we never named is not there."""
    wanted = {("provider", 204), ("forger of a signature", 204), ("forger of a place", 404)}
    return [f"a callback of the {who} was answered with {status}" for who, status in sorted(set(long.answers) - wanted)]


def told(job: Job) -> str:
    planned = job.planned
    place = f" at {planned.step}{', once' if planned.once else ''}" if planned.step else ""
    looks = f", looks {', '.join(planned.looks)}" if planned.looks else ""
    return f"a {job.model} job met with {planned.mood!r}{place}{looks}"


def opened(own: Stack) -> int:
    with psycopg.connect(own.database_url) as connection:
        row = connection.execute(CIRCUITS).fetchone()
    assert row is not None
    return int(row[0])


PROVIDERS_MISBEHAVE = Fault(
    key="providers-misbehave",
    breaks="Providers fail in every way they know, job by job; callbacks come twice or forged. The heal time counts from the last submit.",
    heals_within=None,
    short=False,
    run=run,
)
