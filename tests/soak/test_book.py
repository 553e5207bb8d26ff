"""The client's book finds what is wrong: every rule is tried with an answer that breaks it, and with those that do not."""

from typing import Any

import pytest

from tests.soak.book import Account, Book
from tests.soak.receiver import signed

GENERATION = "g-1"


def shown(status: str, position: int, *, quoted: int = 5, attempts: int = 0, **credits: int) -> dict[str, Any]:
    """A generation as the API shows it, with credits that fit its state unless others are given."""
    held, charged, released = {"succeeded": (0, quoted, 0), "failed": (0, 0, quoted), "canceled": (0, 0, quoted)}.get(
        status, (quoted, 0, 0)
    )
    money = {"quoted": quoted, "held": held, "charged": charged, "released": released, **credits}
    return {
        "id": GENERATION,
        "model": "soak/at-once",
        "status": status,
        "position": position,
        "attempts": attempts,
        "credits": money,
        "assets": [],
    }


@pytest.fixture
def book() -> Book:
    made = Book()
    made.open_account("alice", 25)
    made.open_account("bob", 25)
    made.accepted("alice", shown("queued", 10), quoted=5, request_id="r", may_end=("succeeded", "canceled"))
    return made


def see(book: Book, *answers: dict[str, Any], account: str = "alice", sent_at: int = 0) -> list[str]:
    for answer in answers:
        book.saw(account, answer, sent_at=sent_at, request_id="r")
    return book.differences


def test_a_life_as_it_should_be_differs_in_nothing(book: Book):
    assert see(book, shown("running", 12, attempts=1), shown("queued", 13, attempts=1), shown("succeeded", 20, attempts=2)) == []
    # The same once more, and an older answer that was overtaken.
    assert see(book, shown("succeeded", 20, attempts=2), shown("running", 12, attempts=1)) == []
    assert book.accounts["alice"].counts == {"succeeded": 1} and book.accounts["alice"].open == {}
    assert book.differs == 0 and book.compared > 10


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([shown("succeeded", 20), shown("canceled", 21)], "went from succeeded to canceled"),
        ([shown("succeeded", 20), shown("running", 21)], "went from succeeded to running"),
        ([shown("canceled", 20), shown("succeeded", 15)], "went from succeeded to canceled"),
        ([shown("running", 20), shown("queued", 20)], "queued and running at position 20"),
        ([shown("failed", 20)], "of soak/at-once failed"),
        ([shown("succeeded", 20, charged=10)], "with credits"),
        ([shown("succeeded", 20, held=5)], "with credits"),
        ([shown("failed", 20, charged=5, released=0)], "with credits"),
        ([shown("running", 20, quoted=6)], "with credits"),
        ([shown("running", 20, attempts=2), shown("running", 21, attempts=1)], "fewer attempts"),
    ],
)
def test_what_cannot_follow_is_written_down(book: Book, answers: list[dict[str, Any]], said: str):
    assert any(said in difference for difference in see(book, *answers)), book.differences


def test_who_asked_after_he_had_seen_it_must_not_be_shown_what_was_before(book: Book):
    see(book, shown("running", 20, attempts=1))
    assert see(book, shown("queued", 10), sent_at=0) == []
    assert "had seen it at 20 before" in see(book, shown("queued", 10), sent_at=book.tick)[0]


def test_anothers_generation_and_one_that_nobody_asked_for(book: Book):
    assert "who is not its owner" in see(book, shown("queued", 10), account="bob")[0]
    see(book, {**shown("queued", 11), "id": "g-2"})
    assert book.unclaimed == {"g-2": "alice"}
    book.accepted("alice", {**shown("queued", 11), "id": "g-2"}, quoted=5, request_id="r")
    assert book.unclaimed == {}


def test_accepted_twice_and_at_another_price(book: Book):
    book.accepted("alice", shown("queued", 10), quoted=7, request_id="r")
    assert [difference.split(" [")[0] for difference in book.differences[:2]] == ["g-1 was accepted twice", "g-1 quotes 5, not 7"]


def balance(position: int, available: int, held: int, *, granted: int = 25, spent: int = 0) -> dict[str, Any]:
    life = {"granted": granted, "spent": spent, "refunded": 0, "expired": 0, "revoked": 0}
    return {"position": position, "available": available, "held": held, "owed": 0, "lifetime": life}


def entry(position: int, kind: str, amount: int, available: int, held: int, generation: str | None = GENERATION) -> dict[str, Any]:
    after = {"available_after": available, "held_after": held}
    return {"position": position, "type": kind, "amount": amount, "generation_id": generation, **after}


LEDGER = [entry(1, "grant", 25, 25, 0, None), entry(10, "hold", 5, 20, 5), entry(20, "capture", 5, 20, 0)]


def alices(book: Book) -> Account:
    return book.accounts["alice"]


def test_a_ledger_and_balances_that_agree(book: Book):
    book.saw_balance(alices(book), balance(10, 20, 5), floor=0, granted=25, request_id="r")
    see(book, shown("succeeded", 20))
    for each in LEDGER:
        book.saw_entry(alices(book), each, request_id="r")
    assert book.differences == []
    assert (alices(book).available, alices(book).held, alices(book).holds, alices(book).balances) == (20, 0, {}, {})


@pytest.mark.parametrize(
    ("number", "wrong", "said"),
    [
        (0, entry(1, "grant", 25, 30, 0, None), "leaves (30, 0), not (25, 0)"),
        (1, entry(10, "hold", 6, 19, 6), "holds 6 of a quote of 5"),
        (1, entry(10, "refund", 5, 20, 5), "has a refund"),
        (2, entry(20, "capture", 4, 20, 1), "which held 5"),
        (2, entry(20, "release", 5, 25, 0), "the ledger has its release"),
        (2, entry(20, "capture", 5, 20, 0, "g-9"), "which held None"),
    ],
)
def test_an_entry_that_does_not_follow(book: Book, number: int, wrong: dict[str, Any], said: str):
    see(book, shown("succeeded", 20))
    for each in [*LEDGER[:number], wrong]:
        book.saw_entry(alices(book), each, request_id="r")
    assert any(said in difference for difference in book.differences), book.differences


@pytest.mark.parametrize(
    ("said", "floor", "granted", "difference"),
    [
        (balance(10, 20, 4), 0, 25, "20 + 4 is not 25"),
        (balance(10, 20, 5), 11, 25, "at 10, after one at 11"),
        (balance(10, 20, 5), 0, 30, "misses a grant: 25 of 30"),
        (balance(10, -1, 26), 0, 25, "-1 available"),
    ],
)
def test_a_balance_that_cannot_be(book: Book, said: dict[str, Any], floor: int, granted: int, difference: str):
    book.saw_balance(alices(book), said, floor=floor, granted=granted, request_id="r")
    assert difference in book.differences[0]


def test_a_balance_that_the_ledger_contradicts(book: Book):
    book.saw_balance(alices(book), balance(10, 25, 0), floor=0, granted=25, request_id="r")
    for each in LEDGER[:2]:
        book.saw_entry(alices(book), each, request_id="r")
    assert book.differences == ["balance of alice at 10 was (25, 0), the ledger says (20, 5) [request r]"]


def test_a_webhook_is_signed_as_the_specification_has_it():
    """The vector of Standard Webhooks."""
    secret, sent = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330", "webhook-signature": signature}
    assert signed(secret, headers, sent)
    assert not signed(secret, headers, sent + b" ")
