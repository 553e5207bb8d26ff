"""What verify says of checkpoints: against a keeper of nothing, of the key, of an old checkpoint; and of sealed balances."""

import hmac
from base64 import b64encode
from hashlib import sha256

import pytest

from domain.notary.commands import SealBalances
from infra.secrets.keyring import Keyring
from projections.audit.entries import BY_POSITION
from projections.audit.sealed.leaves import encoded, leaf
from projections.audit.sealed.notes import NoteRefused, key_of, read
from projections.audit.source import Source, opened
from projections.audit.verify import Means, Remembered, verify, verify_now
from projections.notary import leaf as notaries
from projections.notary.balances import sealed_balances
from projections.notary.keys import public_keys
from projections.notary.notary import Notary
from tests.support.projecting import Library
from tests.support.signed_book import nothing_remembered, seal_now

SALT = b"the secret of the salts"


def salt(account_id: str, position: int) -> bytes:
    return hmac.digest(SALT, f"{account_id}:{position}".encode(), "sha256")


async def written(library: Library, *, seed: int = 21, steps: int = 120) -> int:
    """A book under three checkpoints, and a few events that are not. Returns the size of the last checkpoint."""
    made = library.history(seed, steps)
    for _ in range(3):
        await library.book.flush(library.conn)
        sealed = await seal_now(library.conn)
        made.run(40)
    await library.project()
    return sealed


async def newest_note(library: Library) -> str:
    return str((await library.rows("SELECT note FROM proofs.checkpoints ORDER BY size DESC LIMIT 1"))[0][0])


async def vkeys(library: Library) -> list[str]:
    return [key.vkey for key in await public_keys(library.conn)]


async def test_the_tail_that_no_checkpoint_covers_is_told(library: Library):
    size = await written(library)
    report = await verify(library.url)
    assert report.ok and report.sealed
    assert (report.sealed.size, report.sealed.checkpoints, report.sealed.origin) == (size, 3, "tests.local/1")
    assert report.unsealed == report.events - size > 0


async def test_two_processes_say_what_one_says(library: Library):
    await written(library)
    told: list[tuple[int, int]] = []
    together = verify_now(library.url, lambda done, of: told.append((done, of)), means=Means(aside_from=0))
    assert together == verify_now(library.url)
    assert together.ok and told[-1] == (2 * together.events, 2 * together.events)
    await library.conn.execute(
        b"UPDATE read.assets_v2 SET bytes = bytes + 1 WHERE id = (SELECT id FROM read.assets_v2 ORDER BY id LIMIT 1)"
    )
    together = verify_now(library.url, means=Means(aside_from=0))
    assert together == verify_now(library.url)
    assert together.first_difference and together.first_difference.what == "column bytes"


async def test_a_leaf_is_every_column_with_its_length_and_that_of_the_notary(library: Library):
    await written(library)
    await library.conn.execute(
        "UPDATE journal.events SET fingerprint = '\\x00ff', status = 202, result = '{\"é\": 1}', correlation = 'ü', causation = 1 "
        "WHERE first AND position > 10".encode()
    )
    theirs = [notaries.leaf(row) for row in await notaries.rows(library.conn, after=0, upto=10**6)]
    with opened(library.url) as conn:
        entries = Source(conn).page(BY_POSITION, {"after": 0, "upto": 10**6, "limit": 10**6})
    assert [leaf(entry) for entry in entries] == theirs
    assert [sha256(b"\0" + b"".join(map(encoded, entry))).digest() for entry in entries] == theirs


async def test_an_end_that_was_cut_off_is_missed(library: Library):
    size = await written(library)
    await library.conn.execute(b"DELETE FROM journal.events WHERE position >= %s", (size - 2,))
    found = (await verify(library.url)).first_difference
    assert found and (found.where, found.position) == ("log", size - 2)
    assert found.what == f"missing: the log ends before it, and checkpoint {size} has sealed it"


async def test_who_forges_and_signs_anew_is_found_by_whoever_kept_the_key_or_a_checkpoint(library: Library):
    """Full write access, a key of one's own: the database alone then agrees with itself. That is what keeping is for."""
    await written(library)
    kept, keys = await newest_note(library), await vkeys(library)
    await library.conn.execute("UPDATE journal.events SET actor = 'somebody else' WHERE position = 7")
    await library.conn.execute(b"DELETE FROM proofs.checkpoints; DELETE FROM proofs.nodes; DELETE FROM proofs.keys")
    await library.conn.execute("UPDATE proofs.tree SET size = 0")
    await Notary(Keyring(b"the forger's own secret key, made by him"), name="tests.local", remembered=nothing_remembered).now(library.conn)
    assert (await verify(library.url)).ok

    known = [key_of(line) for line in keys]
    by_key = verify_now(library.url, means=Means(Remembered(known))).first_difference
    assert by_key and by_key.where == "proofs.checkpoints" and "none of the known keys has signed it" in by_key.what
    theirs = [*known, *(key_of(line) for line in await vkeys(library))]
    by_note = verify_now(library.url, means=Means(Remembered(theirs, [read(kept, known)]))).first_difference
    assert by_note and by_note.where == "log" and "the checkpoint of" in by_note.what and "that was kept" in by_note.what


async def test_a_checkpoint_that_was_kept_and_is_longer_than_the_log_is_missed(library: Library):
    await written(library)
    kept, known = await newest_note(library), [key_of(line) for line in await vkeys(library)]
    note = read(kept, known)
    await library.conn.execute("DELETE FROM proofs.checkpoints WHERE size = (SELECT max(size) FROM proofs.checkpoints)")
    longer = note._replace(size=10**6)
    found = verify_now(library.url, means=Means(Remembered(known, [longer]))).first_difference
    assert found and "the log ends before it" in found.what


async def test_sealed_balances_are_counted_and_with_the_secret_made_again(library: Library):
    await sealed(library)
    for secret, roots in ((None, 0), (salt, 2)):
        report = verify_now(library.url, means=Means(salt=secret))
        assert (report.first_difference, report.balance_seals, report.balance_roots) == (None, 2, roots)


WRONG_SEALS = [
    ("accounts", 9, "number of accounts"),
    ("position", 10**6, "out of turn"),
    ("checkpoints", 1, "counts checkpoints as there cannot be"),
    ("last_checkpoint", 10**6, "counts checkpoints as there cannot be"),
]


@pytest.mark.parametrize(("field", "value", "what"), WRONG_SEALS)
async def test_a_seal_that_is_not_so_is_found_without_the_secret(library: Library, field: str, value: int, what: str):
    await sealed(library, **{field: value})
    report = await verify(library.url)
    assert report.first_difference and what in report.first_difference.what


async def test_a_seal_over_other_balances_is_found_with_the_secret(library: Library):
    await sealed(library, root=b64encode(bytes(32)).decode())
    assert (await verify(library.url)).ok
    found = verify_now(library.url, means=Means(salt=salt)).first_difference
    assert found and "not the root of the balances" in found.what


async def test_a_checkpoint_that_was_taken_away_is_missed_once_balances_were_sealed_after_it(library: Library):
    sizes = await counted(library)
    assert (await verify(library.url)).ok
    for size in sizes[:3]:
        note = await library.rows("DELETE FROM proofs.checkpoints WHERE size = %s RETURNING size, root, origin, note", size)
        found = (await verify(library.url)).first_difference
        assert found and (found.where, found.row) == ("proofs.checkpoints", f"up to {sizes[2]}")
        assert (found.expected, found.found) == ("3", "2")
        await library.conn.execute(b"INSERT INTO proofs.checkpoints (size, root, origin, note) VALUES (%s, %s, %s, %s)", note[0])
    await library.conn.execute(b"DELETE FROM proofs.checkpoints WHERE size = %s", (sizes[3],))
    assert (await verify(library.url)).ok, "nothing counts it yet but who kept it"


async def counted(library: Library) -> list[int]:
    """The sizes of four checkpoints, of which a seal of balances has counted three."""
    made, sizes = library.history(29, 60), list[int]()
    for number in range(4):
        if number == 3:
            position = await library.book.flush(library.conn)
            balances = await sealed_balances(library.conn, SALT, position)
            root = b64encode(balances.root).decode()
            seal = SealBalances(position=position, root=root, accounts=balances.accounts, checkpoints=3, last_checkpoint=sizes[-1])
            library.book.when(seal)
        await library.book.flush(library.conn)
        sizes.append(await seal_now(library.conn))
        made.run(20)
    await library.project()
    return sizes


async def sealed(library: Library, **forged: object) -> None:
    """A book that seals its balances twice; the second time perhaps otherwise than they are."""
    made = library.history(23, 150)
    for forgery in ({}, forged):
        position = await library.book.flush(library.conn)
        balances = await sealed_balances(library.conn, SALT, position)
        told = {"position": position, "root": b64encode(balances.root).decode(), "accounts": balances.accounts}
        library.book.when(SealBalances(**{**told, **forgery}))
        made.run(50)
    await library.project()


CHANGES = {
    "three lines": lambda note: note.replace("\n\n", "\n", 1),
    "the signature of": lambda note: "x" + note,
    "not a signature": lambda note: note.replace("— ", "- "),
    "no size": lambda note: note.replace("tests.local/1\n", "tests.local/1\n0", 1),
    "and signatures": lambda note: note.rstrip("\n"),
    "none of the known keys": lambda note: note.replace("— tests.local", "— others.local"),
}


async def test_a_note_that_is_not_one_is_refused(library: Library):
    await written(library, steps=20)
    note, known = await newest_note(library), [key_of(line) for line in await vkeys(library)]
    assert read(note, known).size > 0
    for why, change in CHANGES.items():
        with pytest.raises(NoteRefused, match=why):
            read(change(note), known)


@pytest.mark.parametrize("line", ["", "name", "name+00000000+AAAA", "name+zz+Ab==", "+00000000+" + b64encode(b"\x01" + bytes(32)).decode()])
def test_a_key_that_is_not_one_is_refused(line: str):
    with pytest.raises(NoteRefused):
        key_of(line)
