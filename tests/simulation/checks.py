"""What must hold when a run is over, judged from the events, the clients' book and the providers' counters by code of its own.

Nothing in here asks an aggregate or a handler: facts are read as JSON, and books are added up from postings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel.ids import command_of_key, credit_stream
from infra.journal.mapper import CanonicalMapper
from infra.journal.snapshots import freeze
from tests.simulation.offers import BY_ID
from tests.simulation.twin.log import Event

FINAL = {"generations.succeeded", "generations.failed", "generations.canceled"}
ENDS_OF_HOLDS = {"credits.hold_captured", "credits.hold_released"}

MAPPER = CanonicalMapper()


class Told:
    """An event, and its facts."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.topic = event.topic
        self.facts: dict[str, Any] = msgspec.json.decode(event.state)


def wrongs_of(world: Any) -> list[str]:
    """Everything that does not hold."""
    told = [Told(event) for event in world.database.log.events]
    wrongs = [*world.client.book.wrongs, *world.upstream.wrongs]
    for check in (
        log_is_whole,
        streams_are_dense,
        every_generation_ends_once,
        attempts_grow,
        holds_end_once,
        no_expired_grant_pays,
        books_balance,
        charges_are_right,
    ):
        wrongs += check(world, told)
    for later in (
        answers_name_what_is_recorded,
        repeats_agree,
        nothing_is_left,
        clients_were_told_the_truth,
        retries_are_within_policy,
        state_is_the_log,
        objects_are_there,
    ):
        wrongs += later(world, told)
    return wrongs


def log_is_whole(world: Any, told: list[Told]) -> Iterator[str]:
    """Positions 1, 2, 3 …; time never goes back; a command is one run of events, and acts once."""
    before, command, ended = None, None, set()
    for place, each in enumerate(told, 1):
        event = each.event
        if event.position != place:
            yield f"position {event.position} stands at {place}"
        if before is not None and event.recorded_at < before:
            yield f"position {place} was recorded before the one before it"
        if event.command_id != command:
            if event.command_id in ended:
                yield f"command {event.command_id} acted twice"
            ended.add(event.command_id)
            if not event.first:
                yield f"position {place} begins a command and does not say so"
        elif event.first:
            yield f"command {event.command_id} acted twice in a row"
        before, command = event.recorded_at, event.command_id


def streams_are_dense(world: Any, told: list[Told]) -> Iterator[str]:
    versions: dict[UUID, int] = defaultdict(int)
    for each in told:
        event = each.event
        versions[event.stream] += 1
        if event.version != versions[event.stream]:
            yield f"{event.topic} at {event.position} has version {event.version} instead of {versions[event.stream]}"


def every_generation_ends_once(world: Any, told: list[Told]) -> Iterator[str]:
    ends: Counter[UUID] = Counter()
    requested: dict[UUID, dict[str, Any]] = {}
    for each in told:
        if each.topic == "generations.requested":
            requested[each.event.stream] = each.facts
        elif each.topic in FINAL:
            ends[each.event.stream] += 1
    for generation_id in requested:
        if ends[generation_id] != 1:
            yield f"generation {generation_id} ended {ends[generation_id]} times"
    for lost in set(world.client.book.accepted) - set(requested):
        yield f"generation {lost} was accepted and is not in the log"


def attempts_grow(world: Any, told: list[Told]) -> Iterator[str]:
    """Every start is a new attempt, what an attempt records is of the running one, and nothing follows the end but what may."""
    running: dict[UUID, int] = defaultdict(int)
    final: set[UUID] = set()
    waits: set[UUID] = set()
    stopping: set[UUID] = set()
    after = {"generations.charge_refunded", "generations.deleted", "generations.repeated"}
    for each in told:
        stream, attempt = each.event.stream, each.facts.get("attempt")
        if not each.topic.startswith("generations."):
            continue
        if stream in final and each.topic not in after:
            yield f"{each.topic} at {each.event.position} follows the end of {stream}"
        if each.topic == "generations.started":
            if attempt != running[stream] + 1:
                yield f"{stream} began attempt {attempt} after {running[stream]}"
            running[stream] = attempt or 0
            waits.discard(stream)
        elif attempt is not None:
            if attempt != running[stream] or stream in waits:
                yield f"{each.topic} at {each.event.position} is of attempt {attempt}, which does not run"
            if each.topic == "generations.retrying":
                waits.add(stream)
        elif each.topic == "generations.canceled" and each.facts["actor"] != "worker" and running[stream] and stream not in waits:
            yield f"{stream} was canceled over the head of the attempt that runs"
        if each.topic == "generations.retrying" and stream in stopping:
            yield f"{stream} is tried again after its owner has asked to stop it"
        if each.topic == "generations.cancel_requested":
            stopping.add(stream)
        if each.topic in FINAL:
            final.add(stream)


def holds_end_once(world: Any, told: list[Told]) -> Iterator[str]:
    """A hold is made once and ended once, and its end moves just what it held."""
    held: dict[str, int] = {}
    ended: Counter[str] = Counter()
    for each in told:
        generation = each.facts.get("generation_id")
        if each.topic == "credits.held":
            if generation in held:
                yield f"{generation} was held twice"
            held[generation] = each.facts["amount"]
        elif each.topic in ENDS_OF_HOLDS:
            ended[generation] += 1
            amount = each.facts.get("held", each.facts.get("amount"))
            if held.get(generation) != amount or each.facts.get("charged", 0) > amount:
                yield f"the hold of {generation} was {held.get(generation)} and ended as {each.facts}"
    for generation in held:
        if ended[generation] != 1:
            yield f"the hold of {generation} ended {ended[generation]} times"


def no_expired_grant_pays(world: Any, told: list[Told]) -> Iterator[str]:
    """What is held comes from grants that are alive. Times in the log are canonical text, which sorts as time."""
    expiries: dict[str, str | None] = {}
    for each in told:
        if each.topic == "credits.granted":
            expiries[each.facts["grant_id"]] = each.facts["expires_at"]
        elif each.topic == "credits.held":
            for grant_id, amount in each.facts["parts"]:
                if (expiries[grant_id] or "9") <= each.facts["timestamp"]:
                    yield f"{amount} credits of {grant_id} are held at position {each.event.position}, after they expired"


def books_balance(world: Any, told: list[Told]) -> Iterator[str]:
    """Postings sum to zero, no account is ever below zero, no hold is open in the end, and nothing came from nowhere."""
    available: Counter[UUID] = Counter()
    held: Counter[UUID] = Counter()
    outside: Counter[UUID] = Counter()
    for each in told:
        a, h, owed, out, _ = each.event.postings
        if a is None or h is None or owed is None or out is None:
            continue
        stream = each.event.stream
        available[stream] += a
        held[stream] += h
        outside[stream] += out
        if a + h + owed + out != 0:
            yield f"position {each.event.position} moves {a}, {h}, {owed}, {out}"
        if available[stream] < 0 or held[stream] < 0:
            yield f"after position {each.event.position} {available[stream]} are available and {held[stream]} held"
    for stream, amount in held.items():
        if amount:
            yield f"{amount} credits of {stream} are held, and nothing runs"
    yield from _given(world, told, available)


def _given(world: Any, told: list[Told], available: "Counter[UUID]") -> Iterator[str]:
    """What clients were given, less what was charged and what expired, and with what was given back, is what they have."""
    moved: Counter[UUID] = Counter()
    for each in told:
        if each.topic == "credits.hold_captured":
            moved[each.event.stream] -= each.facts["charged"]
        elif each.topic == "credits.grant_expired":
            moved[each.event.stream] -= each.facts["amount"]
        elif each.topic == "credits.granted" and each.facts["source"] == "refund":
            moved[each.event.stream] += each.facts["amount"]
    for account_id, amount in world.client.book.granted.items():
        stream = credit_stream(account_id)
        if available[stream] != amount + moved[stream]:
            yield f"account {account_id} was given {amount}, {moved[stream]} moved, and it has {available[stream]}"


def charges_are_right(world: Any, told: list[Told]) -> Iterator[str]:
    """Who succeeded pays for what was delivered, at most the hold; who failed pays nothing; a cancel costs what its model says."""
    requested = {each.event.stream: each.facts for each in told if each.topic == "generations.requested"}
    captured: Counter[str] = Counter()
    by_model: dict[UUID, str] = {stream: facts["model"] for stream, facts in requested.items()}
    started = {each.event.stream for each in told if each.topic == "generations.started"}
    for each in told:
        if each.topic == "credits.hold_captured":
            captured[each.facts["generation_id"]] += each.facts["charged"]
        elif each.topic == "generations.retrying" and each.facts.get("model"):
            by_model[each.event.stream] = each.facts["model"]
    for each in told:
        if each.topic not in FINAL:
            continue
        stream, quoted = each.event.stream, requested[each.event.stream]["quoted"]
        charged, model = each.facts["charged"], BY_ID[by_model[stream]]
        if charged != captured[str(stream)] or charged + each.facts["released"] != quoted:
            yield f"{stream} of {quoted} says it was charged {charged}, and {captured[str(stream)]} were captured"
        if each.topic == "generations.succeeded":
            prices = {min(quoted, usage[model.price_unit] * model.price) for usage in world.upstream.delivered.get(stream, [])}
            if charged not in prices:
                yield f"{stream} was charged {charged}, and {model.id} delivered {prices or 'nothing'}"
        elif each.topic == "generations.failed" and charged:
            yield f"{stream} failed and was charged {charged}"
        elif each.topic == "generations.canceled":
            full = requested[stream]["on_cancel"] == "full" and stream in started and each.facts["actor"] == "worker"
            if charged != (quoted if full else 0):
                yield f"{stream} was canceled and charged {charged} of {quoted}"


def answers_name_what_is_recorded(world: Any, told: list[Told]) -> Iterator[str]:
    """Who asked for generations was told just those that are in the log under his key."""
    made: dict[UUID, set[str]] = defaultdict(set)
    for each in told:
        if each.topic == "generations.requested":
            made[each.event.command_id].add(str(each.event.stream))
    for asked in world.client.book.asked:
        for answer in asked.answers if asked.key.startswith("generation") else ():
            ids = set(answer.result.get("generation_ids", [answer.result.get("generation_id")]))
            if ids != made[command_of_key(asked.account_id, asked.key)]:
                yield f"{asked.key} was answered with {ids}, and {made[command_of_key(asked.account_id, asked.key)]} are recorded"


def repeats_agree(world: Any, told: list[Told]) -> Iterator[str]:
    """Every answer under one key is the same, and is what the log has; what was refused for good left nothing."""
    recorded: dict[UUID, list[Told]] = defaultdict(list)
    for each in told:
        recorded[each.event.command_id].append(each)
    answers: dict[tuple[UUID, str], set[tuple[Any, ...]]] = defaultdict(set)
    for asked in world.client.book.asked:
        key = (asked.account_id, asked.key)
        answers[key] |= {(answer.position, msgspec.json.encode(answer.result), answer.status) for answer in asked.answers}
        events = recorded[command_of_key(*key)]
        if asked.answers and events and asked.answers[-1].position != events[-1].event.position:
            yield f"{asked.key} was answered with position {asked.answers[-1].position} instead of {events[-1].event.position}"
        # Who repeats while his first request is still on its way elsewhere may be refused, and the first be done after that.
        for refusal, head in asked.refusals:
            if events and events[0].event.position <= head:
                yield f"{asked.key} was refused with {refusal!r}, and it was recorded before"
    known = {command_of_key(*key) for key in answers}
    for command_id, events in recorded.items():
        if events and events[0].event.actor == "client" and command_id not in known:
            yield f"{events[0].topic} at {events[0].event.position} was recorded for a key that nobody sent"
    for (account_id, name), different in answers.items():
        if len(different) > 1:
            yield f"{name} of {account_id} was answered in {len(different)} ways: {different}"


def nothing_is_left(world: Any, told: list[Told]) -> Iterator[str]:
    for row in world.database.rows.work.values():
        yield f"a work row is left: {row}"


def clients_were_told_the_truth(world: Any, told: list[Told]) -> Iterator[str]:
    """What a reader saw as the end is the end, and who heals in time does not run into his deadline."""
    for each in told:
        stream = each.event.stream
        if each.topic in FINAL and world.client.book.seen.get(stream, each.topic.partition(".")[2]) != each.topic.partition(".")[2]:
            yield f"{stream} was seen as {world.client.book.seen[stream]} and is {each.topic}"
        late = each.topic == "generations.failed" and each.facts["code"] == "deadline_exceeded"
        if late and not world.client.book.accepted.get(stream, True):
            yield f"{stream} ran into a deadline that is an hour away"


def retries_are_within_policy(world: Any, told: list[Told]) -> Iterator[str]:
    """No model is tried more often than it says; attempts that were lost or handed back do not count."""
    burned: dict[UUID, int] = defaultdict(int)
    model = {each.event.stream: each.facts["model"] for each in told if each.topic == "generations.requested"}
    for each in told:
        stream = each.event.stream
        if each.topic != "generations.retrying":
            continue
        if each.facts["code"] not in ("handed_back", "worker_lost"):
            burned[stream] += 1
        if each.facts.get("model"):
            model[stream], burned[stream] = each.facts["model"], 0
        elif burned[stream] >= BY_ID[model[stream]].attempts_max:
            yield f"{stream} is tried again after {burned[stream]} failures"


def state_is_the_log(world: Any, told: list[Told]) -> Iterator[str]:
    """Every event of such a stream can be read, and snapshots are what the events before them make."""
    for stream, snapshots in world.database.log.snapshots.items():
        aggregate: Any = None
        for event in world.database.log.streams[stream]:
            try:
                aggregate = MAPPER.read(stream, event.version, event.topic, event.state).mutate(aggregate)
            except Exception as error:  # noqa: BLE001 Whatever an event that makes no sense leads to is what is looked for.
                yield f"{event.topic} at {event.position} cannot be read: {error!r}"
                break
            found = snapshots.get(event.version)
            if found is None:
                continue
            aggregate.position = event.position
            ours, theirs = msgspec.msgpack.decode(freeze(aggregate)), msgspec.msgpack.decode(found.state)
            for state in (ours, theirs):
                state.pop("position", None)
            if found.position != event.position or ours != theirs:
                yield f"the snapshot of {stream} at version {event.version} is not what its events say"


def objects_are_there(world: Any, told: list[Told]) -> Iterator[str]:
    """What a generation made lies in the store, and is its own."""
    stored = {each.event.stream: each.facts for each in told if each.topic == "assets.stored"}
    made: set[str] = set()
    for each in told:
        if each.topic == "generations.succeeded":
            made |= set(each.facts["asset_ids"])
    for asset_id, facts in stored.items():
        if str(asset_id) not in made:
            yield f"asset {asset_id} belongs to no end"
        if world.objects.get(facts["object_key"], b"").split(b"/")[0].decode() != facts["generation_id"]:
            yield f"asset {asset_id} is not what its generation made"
