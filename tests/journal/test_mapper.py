"""State in the log: canonical bytes that say the same to everybody, and old shapes that can still be read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from eventsourcing.utils import register_topic

from domain import aggregates
from domain.kernel.facts import Fact
from domain.kernel.journal_refusals import UpgradeNeeded
from infra.journal.mapper import CanonicalMapper

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STREAM = UUID(int=7)


class Share(NamedTuple):
    owner: UUID
    amount: int
    until: datetime | None


class Shared(Fact):
    TOPIC = "tests.shared"
    name: str
    shares: list[Share]
    words: dict[str, Any]
    at: datetime | None
    by: dict[str, datetime]
    count: int = 1
    later: str | None = None


class Measured(Fact):
    """Version 1 had `inches` as a decimal string; since version 2 it is `millimetres`."""

    TOPIC = "tests.measured"
    class_version = 2
    millimetres: int
    at: datetime

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["millimetres"] = round(float(state.pop("inches")) * 25.4)


for kind in (Shared, Measured):
    register_topic(kind.TOPIC, kind)


def shared(**changes: Any) -> Shared:
    values: dict[str, Any] = {
        "name": "Zoë",
        "shares": [Share(UUID(int=1), 5, None), Share(UUID(int=2), 6, NOON)],
        "words": {"b": [1, "two", None], "a": {"z": True, "y": NOON}},
        "at": NOON,
        "by": {"q": NOON},
    }
    return Shared(originator_id=STREAM, originator_version=3, timestamp=NOON, **{**values, **changes})


def test_state_is_sorted_compact_utf8_with_six_digits_and_z() -> None:
    topic, state = CanonicalMapper().write(shared())
    assert topic == "tests.shared"
    noon = "2026-11-21T12:00:00.000000Z"
    assert state.decode() == (
        f'{{"at":"{noon}","by":{{"q":"{noon}"}},"count":1,"later":null,"name":"Zoë",'
        '"shares":[["00000000-0000-0000-0000-000000000001",5,null],'
        f'["00000000-0000-0000-0000-000000000002",6,"{noon}"]],"timestamp":"{noon}",'
        f'"words":{{"a":{{"y":"{noon}","z":true}},"b":[1,"two",null]}}}}'
    )


def test_what_is_written_is_read_as_the_same_fact() -> None:
    mapper, fact = CanonicalMapper(), shared(words={"a": 1})
    again = mapper.read(STREAM, 3, *mapper.write(fact))
    assert again == fact
    assert isinstance(again.shares[1], Share)
    assert mapper.to_domain_event(mapper.to_stored_event(fact)) == fact


def test_times_of_other_zones_are_written_in_utc() -> None:
    east = datetime(2026, 11, 21, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert CanonicalMapper().write(shared(at=east)) == CanonicalMapper().write(shared(at=NOON))


@pytest.mark.parametrize("changes", [{"count": 1.0}, {"words": {"a": [1.5]}}, {"at": datetime(2026, 11, 21)}])  # noqa: DTZ001
def test_floats_and_times_without_zone_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        CanonicalMapper().write(shared(**changes))


def test_a_fact_class_with_a_float_is_refused_at_first_sight() -> None:
    class Weighed(Fact):
        TOPIC = "tests.weighed"
        grams: float

    register_topic(Weighed.TOPIC, Weighed)
    with pytest.raises(TypeError, match="no floats"):
        CanonicalMapper().codec_of("tests.weighed")


def test_a_field_that_is_newer_than_the_fact_has_its_default() -> None:
    mapper = CanonicalMapper()
    topic, state = mapper.write(shared())
    old = {name: value for name, value in json.loads(state).items() if name not in ("count", "later")}
    fact = mapper.read(STREAM, 3, topic, json.dumps(old).encode())
    assert (fact.count, fact.later) == (1, None)


def test_an_old_shape_is_lifted_when_it_is_read() -> None:
    mapper = CanonicalMapper()
    old = b'{"at":"2026-11-21T12:00:00.000000Z","inches":"2.5","timestamp":"2026-11-21T12:00:00.000000Z"}'
    fact = mapper.read(STREAM, 1, "tests.measured", old)
    assert (fact.millimetres, fact.at, fact.timestamp) == (64, NOON, NOON)
    topic, state = mapper.write(fact)
    assert b'"class_version":2' in state
    assert mapper.read(STREAM, 1, topic, state) == fact


@pytest.mark.parametrize("topic", ["tests.of_a_later_release", "nobody.knows:This", "nonsense"])
def test_an_unknown_topic_asks_for_an_upgrade_by_name(topic: str) -> None:
    with pytest.raises(UpgradeNeeded) as refusal:
        CanonicalMapper().read(uuid4(), 1, topic, b"{}")
    assert refusal.value.topic == topic


def test_every_fact_of_the_house_can_be_written() -> None:
    mapper = CanonicalMapper()
    for aggregate in aggregates.AGGREGATES:
        for fact in aggregate.MUTATORS:
            assert mapper.codec_of(fact.TOPIC).kind is fact
