"""The verifier's ledger for a read model that is behind: the same books until one of the two moves on."""

from uuid import UUID

from projections.audit.entries import Entry
from projections.audit.ledger import Ledger
from tests.support.logged_book import LoggedBook

COLUMNS = Entry._fields


def entries_of(book: LoggedBook) -> list[Entry]:
    defaults = dict.fromkeys(COLUMNS)
    texts = ({name: str(value) if isinstance(value, UUID) else value for name, value in row.items()} for row in book.rows)
    return [Entry(**{**defaults, **row}) for row in texts]


def folded(ledger: Ledger, entries: list[Entry]) -> Ledger:
    for entry in entries:
        ledger.apply(entry, entry.fact())
    return ledger


def books(ledger: Ledger) -> dict[str, tuple[int, int, dict[str, int]]]:
    return {
        account_id: (account.available, account.held, {id: grant.free for id, grant in account.grants.items()})
        for account_id, account in ledger.accounts.items()
    }


def test_each_goes_its_own_way_and_what_neither_moves_is_held_once():
    book = LoggedBook()
    moved, idle = book.account(credits=30), book.account(credits=9)
    until = len(book.rows)
    book.request(moved, 12)
    book.grant(moved, 5)
    before, after = entries_of(book)[:until], entries_of(book)[until:]

    first = folded(Ledger(), before)
    second = first.fork()
    standing = books(first)
    assert books(second) == standing

    folded(first, after)
    assert books(second) == standing
    assert books(first) == books(folded(Ledger(), before + after)) != standing
    assert first.accounts[str(idle)] is second.accounts[str(idle)]

    folded(second, after)
    assert books(second) == books(first)
    assert second.accounts[str(moved)] is not first.accounts[str(moved)]
