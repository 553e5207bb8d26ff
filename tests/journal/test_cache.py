"""The writer's cache: what is lost is loaded from a copy that the log is known to hold, not from the beginning."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.credits.credit_account import CreditAccount
from infra.journal import cache
from infra.journal.cache import Cache

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def account(grants: int = 1) -> CreditAccount:
    found = CreditAccount.open(uuid4(), now=NOW)
    for _ in range(grants):
        grant(found)
    return found


def grant(found: CreditAccount) -> None:
    found.grant(uuid4(), source="operator", amount=5, priority=0, expires_at=None, now=NOW)
    found.pending_events.clear()


def lost(known: Cache, stream: UUID) -> None:
    known.drop([stream])


def test_what_was_never_lost_costs_no_copy():
    known, found = Cache(10), account()
    known.put(found)
    assert known.get(found.id) is found
    assert known.peek(found.id) is found


def test_what_was_lost_before_comes_back_as_the_log_last_had_it():
    known, found = Cache(10), account()
    known.put(found)
    lost(known, found.id)
    assert known.recall(found.id) is None
    # Read from the log again; from now on there is a copy.
    known.put(found)
    version = found.version
    found.hold(uuid4(), amount=5, kind="image", free_tier=True, now=NOW)
    lost(known, found.id)
    # For those who do not read what is newer there is nothing.
    assert known.get(found.id) is None
    assert known.version(found.id) == version
    again = known.recall(found.id)
    assert again is not None and again is not found
    assert (again.version, again.available(NOW), again.holds) == (version, 5, {})
    # And the copy is no part of what was handed out.
    again.hold(uuid4(), amount=5, kind="image", free_tier=True, now=NOW)
    lost(known, found.id)
    third = known.recall(found.id)
    assert third is not None and third.available(NOW) == 5


def test_the_copy_follows_from_time_to_time():
    known, found = Cache(10), account()
    known.put(found)
    lost(known, found.id)
    known.put(found)
    base = found.version
    for _ in range(cache.BASE_EVERY_EVENTS - 1):
        grant(found)
    known.put(found)
    lost(known, found.id)
    back = known.recall(found.id)
    assert back is not None and back.version == base
    grant(found)
    known.put(found)
    lost(known, found.id)
    back = known.recall(found.id)
    assert back is not None and back.version == found.version


def test_what_is_forgotten_is_read_from_its_beginning():
    known, found = Cache(10), account()
    known.put(found)
    lost(known, found.id)
    known.put(found)
    known.forget([found.id])
    assert (known.recall(found.id), known.version(found.id)) == (None, 0)
    known.put(found)
    known.clear()
    assert known.recall(found.id) is None


def test_copies_are_bounded(monkeypatch):
    monkeypatch.setattr(cache, "BASES_MAX", 3)
    known = Cache(100)
    many = [account() for _ in range(5)]
    for each in many:
        known.put(each)
        lost(known, each.id)
        known.put(each)
    lost(known, many[0].id)
    assert known.recall(many[0].id) is None
    lost(known, many[4].id)
    assert known.recall(many[4].id) is not None


def test_what_takes_long_to_copy_is_read_again(monkeypatch):
    known, found = Cache(10), account()
    known.put(found)
    lost(known, found.id)
    known.put(found)
    monkeypatch.setattr(cache, "BASE_PARTS_MAX", 3)
    for _ in range(cache.BASE_EVERY_EVENTS):
        grant(found)
    # Nor is it read from a copy of long ago.
    known.put(found)
    lost(known, found.id)
    assert known.recall(found.id) is None
