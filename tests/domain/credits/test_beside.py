"""What may stand beside what: two decisions on one account, each made without the other, that are both recorded."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.credits.credit_account import CreditAccount
from domain.kernel.facts import Fact
from domain.kernel.refusals import Refusal
from infra.journal.snapshots import copy_of, freeze

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Act = Callable[[CreditAccount], object]


def grant(number: int, amount: int, hours: int | None, source: str = "operator") -> Act:
    expires_at = None if hours is None else NOW + hours * HOUR
    return lambda account: account.grant(
        UUID(int=number), source=source, amount=amount, priority=0, expires_at=expires_at, now=NOW - 10 * HOUR
    )


def hold(generation: int, amount: int, *, hours_ago: int = 0) -> Act:
    return lambda account: account.hold(UUID(int=generation), amount=amount, kind="image", free_tier=True, now=NOW - hours_ago * HOUR)


def capture(generation: int, charged: int) -> Act:
    return lambda account: account.capture(UUID(int=generation), charged=charged, now=NOW)


def release(generation: int) -> Act:
    return lambda account: account.release(UUID(int=generation), now=NOW)


def revoke(number: int, amount: int) -> Act:
    return lambda account: account.revoke(
        UUID(int=number), source="purchase", granted=10**6, expired=0, amount=amount, cause="payment_disputed", reason=None, now=NOW - HOUR
    )


def decided(account: CreditAccount, act: Act) -> tuple[list[Fact], dict[int, str]] | None:
    """The facts that *act* leads to on a copy of *account*, and what it takes beside it; None when it is refused."""
    copy = copy_of(account)
    try:
        act(copy)
    except Refusal:
        return None
    return list(copy.pending_events), copy.beside()


def with_facts(account: CreditAccount, facts: list[Fact]) -> CreditAccount:
    """A copy to which *facts* have happened, whatever they were decided on."""
    copy = copy_of(account)
    for fact in facts:
        replace(fact, originator_version=copy.version + 1).mutate(copy)
    return copy


def may_come_before(theirs: list[Fact], beside: dict[int, str], account: CreditAccount) -> bool:
    return {fact.TOPIC for fact in theirs} <= set(beside.get(account.id.int, "").split())


def check(account: CreditAccount) -> None:
    """The invariants of the ledger."""
    grants = account.grants.values()
    assert all(grant["free"] >= 0 and grant["held"] >= 0 for grant in grants)
    assert sum(grant["held"] for grant in grants) == sum(hold["amount"] for hold in account.holds.values())
    # A revocation waits for holds; without any it would wait for ever.
    assert all(grant["revoking"] <= grant["held"] for grant in grants)
    # Whatever becomes free pays what is owed.
    assert not (account.owed and account.available(NOW))
    assert account.owed <= 0


HELD = range(100, 105)
NEW = range(200, 202)
amounts = st.integers(1, 12)
before = st.one_of(
    st.builds(revoke, st.integers(1, 3), amounts),
    st.builds(capture, st.sampled_from(HELD), st.integers(0, 12)),
    st.builds(release, st.sampled_from(HELD)),
)
acts = st.one_of(
    st.builds(hold, st.just(0), amounts),
    st.builds(capture, st.sampled_from(HELD), st.integers(0, 12)),
    st.builds(release, st.sampled_from(HELD)),
)


@st.composite
def accounts(draw: st.DrawFn) -> CreditAccount:
    """Some grants, some of which have expired while they were held, some holds, some revocations."""
    account = CreditAccount.open(UUID(int=7), now=NOW - 20 * HOUR)
    for number in range(1, draw(st.integers(2, 4))):
        grant(number, draw(st.integers(1, 30)), draw(st.sampled_from([None, None, 5, -1])))(account)
    for generation in HELD:
        try:
            hold(generation, draw(amounts), hours_ago=5)(account)
        except Refusal:
            continue
    for act in draw(st.lists(before, max_size=2)):
        try:
            act(account)
        except Refusal:
            continue
    account.pending_events.clear()
    check(account)
    return account


@given(accounts(), st.lists(st.one_of(before, acts), min_size=1, max_size=6))
def test_a_copy_stays_as_it_was_whatever_happens_to_the_ledger(account: CreditAccount, happens: list[Act]) -> None:
    """Copies share the holds themselves, which is right as long as nobody changes one in place."""
    copy = copy_of(account)
    before_it = freeze(copy)
    for act in happens:
        with suppress(Refusal):
            act(account)
    assert freeze(copy) == before_it


@settings(max_examples=500)
@given(accounts(), st.one_of(st.builds(hold, st.just(NEW[0]), amounts), acts), acts)
def test_who_gives_way_leaves_a_sound_ledger_and_the_same_sums(account: CreditAccount, mine: Act, theirs: Act) -> None:
    ours, others = decided(account, mine), decided(account, theirs)
    if ours is None or others is None or not may_come_before(others[0], ours[1], account):
        return
    after_theirs = with_facts(account, others[0])
    again = decided(after_theirs, mine)
    if again is None:
        # Two ends of one hold: their generation's stream lets only one of them through.
        return
    both = with_facts(after_theirs, ours[0])
    check(both)
    in_turn = with_facts(after_theirs, again[0])
    for state in (both, in_turn):
        state.grants = dict(sorted(state.grants.items()))
    assert both.available(NOW) == in_turn.available(NOW)
    assert (both.holds.keys(), both.owed) == (in_turn.holds.keys(), in_turn.owed)


def account_with(*acts: Act) -> CreditAccount:
    account = CreditAccount.open(UUID(int=7), now=NOW - 20 * HOUR)
    for act in acts:
        act(account)
    account.pending_events.clear()
    return account


def test_a_hold_takes_the_ends_of_other_holds_beside_it_and_no_other_hold():
    account = account_with(grant(1, 20, None), hold(100, 5), hold(101, 5))
    ours = decided(account, hold(200, 10))
    assert ours is not None
    for act, may in ((capture(100, 3), True), (release(101), True), (hold(201, 10), False), (grant(2, 5, None), False)):
        theirs = decided(account, act)
        assert theirs is not None
        assert may_come_before(theirs[0], ours[1], account) is may


def test_the_end_of_a_hold_takes_holds_and_their_ends_beside_it():
    account = account_with(grant(1, 30, None), hold(100, 5), hold(101, 5))
    for mine in (capture(100, 3), release(100)):
        ours = decided(account, mine)
        assert ours is not None
        for act, may in ((capture(101, 3), True), (release(101), True), (hold(201, 10), True), (revoke(1, 5), False)):
            theirs = decided(account, act)
            assert theirs is not None
            assert may_come_before(theirs[0], ours[1], account) is may


def test_while_a_revocation_waits_for_holds_to_end_nothing_stands_beside_such_an_end():
    account = account_with(grant(1, 10, None, "purchase"), hold(100, 5), hold(101, 5), revoke(1, 5))
    ours, theirs = decided(account, capture(100, 5)), decided(account, capture(101, 5))
    assert ours is not None
    assert theirs is not None
    # Neither of them sees that the other leaves nothing to take back, so one must see the other.
    assert [len(facts) for facts, _ in (ours, theirs)] == [1, 1]
    assert (ours[1], theirs[1]) == ({}, {})


def test_while_something_is_owed_nothing_stands_beside_the_end_of_a_hold():
    account = account_with(grant(1, 10, None, "purchase"), hold(100, 5), revoke(1, 10**4))
    assert account.owed < 0
    ours = decided(account, capture(100, 5))
    assert ours is not None
    assert ours[1] == {}


def test_an_expiry_that_is_recorded_on_the_way_stands_beside_nothing():
    account = account_with(grant(1, 10, -1), grant(2, 10, None), hold(100, 5, hours_ago=5))
    ours = decided(account, hold(200, 5))
    assert ours is not None
    assert [fact.TOPIC for fact in ours[0]] == ["credits.grant_expired", "credits.held"]
    assert ours[1] == {}
