"""The forged corpus, exports: rewritten, shortened, reordered or mixed, by somebody who can write everything but signatures."""

from collections.abc import Callable

import pytest

from tests.support.proof_files import NAME, Log, Signer, exported, root_of

Lines = list[dict]
FIRST_EVENT = 2


def refused(said, *words):
    """Refused by name: file, line, and every one of *words*."""
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("refused: ") and " line " in said.err
    assert [word for word in words if word not in said.err] == []
    return True


def without(lines: Lines, kind: str) -> Lines:
    return [line for line in lines if line["type"] != kind]


def with_event(lines: Lines, at: int, /, **columns: object) -> Lines:
    return [line | columns if line.get("position") == at else line for line in lines]


def swapped(lines: Lines, one: int, two: int) -> Lines:
    lines = list(lines)
    lines[one], lines[two] = lines[two], lines[one]
    return lines


def renumbered(lines: Lines) -> Lines:
    """Positions without a hole again, as if nothing had been taken away."""
    positions = iter(range(1, len(lines)))
    return [line | {"position": next(positions)} if line["type"] == "event" else line for line in lines]


LOG: dict[str, tuple[str, Callable[[Log, Lines], Lines]]] = {
    "a rewritten entry": ("from position 4 to 8", lambda log, lines: with_event(lines, 5, actor="somebody else")),
    "another amount": ("from position 9 to 20", lambda log, lines: with_event(lines, 9, available=3, outside=2)),
    "an unbalanced amount": ("position 9: the postings", lambda log, lines: with_event(lines, 9, available=3)),
    "postings of nobody": ("position 9: the postings", lambda log, lines: with_event(lines, 9, account_id=None)),
    "postings in part": ("position 9: the postings", lambda log, lines: with_event(lines, 9, owed=None)),
    "a negative balance": ("position 2: account", lambda log, lines: with_event(lines, 2, available=-100, outside=100)),
    "an entry taken away": ("position 6: it follows position 4", lambda log, lines: [each for each in lines if each.get("position") != 5]),
    "taken away and renumbered": ("stands after", lambda log, lines: renumbered([each for each in lines if each.get("position") != 5])),
    "an entry twice": ("it follows position 5", lambda log, lines: [*lines[:8], lines[7], *lines[8:]]),
    "entries swapped": ("it follows", lambda log, lines: swapped(lines, 3, 4)),
    "swapped and renumbered": ("from position 4 to 8", lambda log, lines: renumbered(swapped(lines, 6, 7))),
    "the tail cut off": ("the log ends at 20", lambda log, lines: lines[: 20 + FIRST_EVENT + 3]),
    "cut off and the head told": ("no checkpoint", lambda log, lines: [lines[0] | {"head": 2}, *lines[1:4]]),
    "the beginning cut off": ("position 2: it follows position 0", lambda log, lines: [*lines[:2], *lines[3:]]),
    "no checkpoint": ("no checkpoint", lambda log, lines: without(lines, "checkpoint")),
    "a checkpoint too early": ("stands after position 7", lambda log, lines: swapped(lines, 10, 11)),
    "a checkpoint twice": ("stands after position 3", lambda log, lines: [*lines[:6], lines[5], *lines[6:]]),
    "the checkpoint of another size": (
        "stands after",
        lambda log, lines: [*lines[:5], {"type": "checkpoint", "note": log.note(8)}, *lines[6:]],
    ),
    "a key between events": ("found key", lambda log, lines: [*lines[:6], lines[1], *lines[6:]]),
    "an unknown key": ("not in the key file", lambda log, lines: [lines[0], {"type": "key", "vkey": Signer(NAME, 9).vkey}, *lines[1:]]),
    "another origin": ("bank.example", lambda log, lines: [lines[0] | {"origin": "bank.example/1"}, *lines[1:]]),
    "another incarnation": ("header", lambda log, lines: [lines[0] | {"origin": "log.example/2"}, *lines[1:]]),
    "another format": ("format", lambda log, lines: [lines[0] | {"format": "daybook-export/2"}, *lines[1:]]),
    "of an account": ("fields: path", lambda log, lines: [lines[0] | {"account": log.accounts[0]}, *lines[1:]]),
    "two headers": ("found header", lambda log, lines: [lines[0], *lines]),
    "an unknown line": ("found note", lambda log, lines: [*lines, {"type": "note"}]),
    "an unknown field": ("unknown or missing fields: more", lambda log, lines: with_event(lines, 9, more=1)),
    "a path where none belongs": ("unknown or missing fields: path", lambda log, lines: with_event(lines, 9, path=[])),
    "bytes instead of an object": ("position 9", lambda log, lines: with_event(lines, 9, state="\\x" + b'{"a":1}'.hex())),
    "neither bytes nor an object": ("position 9", lambda log, lines: with_event(lines, 9, state="{}")),
}


@pytest.mark.parametrize(("reason", "forgery"), LOG.values(), ids=LOG)
def test_a_forged_export_of_the_log_is_refused(check, log, reason, forgery):
    honest = log.export(3, 8, 20)
    assert check(honest).code == 0
    assert refused(check(forgery(log, honest)), reason)


@pytest.mark.parametrize("column", [name for name in Log().live(1).events[0] if name != "state"])
def test_no_column_of_a_sealed_entry_can_be_changed(check, log, column):
    event = log.events[8]
    others: dict[str, object] = {
        "account_id": log.accounts[1], "causation": 3, "first": False, "position": 10, "recorded_at": "2026-11-21T09:00:09.000010Z",
        "fingerprint": "00", "status": 202, "version": 9, "stream": log.id(), "command_id": log.id(),
    }  # fmt: skip
    value = event[column] + 1 if column in ("available", "held", "owed", "outside") else others.get(column, "other")
    assert value != event[column]
    assert refused(check(with_event(log.export(20), 9, **{column: value})))
    if column not in ("position", "available", "held", "owed", "outside", "book"):
        nothing = with_event(log.export(20), 9, **{column: None if event[column] is not None else value})
        assert refused(check(nothing))


def test_a_rewritten_tail_is_found_by_the_old_signatures(check, log, remembered):
    """Somebody with full write access rewrites an entry and makes everything again that needs no key."""
    old, notes = log.note(20), {size: log.note(size) for size in (3, 8, 20)}
    log.events[14]["actor"] = "somebody else"
    assert refused(check([line if line["type"] != "checkpoint" else {"type": "checkpoint", "note": notes[20]} for line in log.export(20)]))
    # Without the newest checkpoints it is a log whose tail is not sealed; who remembers one is not deceived.
    shortened = log.export(3, 8)
    assert check(shortened).code == 0
    assert refused(check(shortened, "--checkpoint", remembered(old)), "two histories")
    # And a signature by another key is no help.
    log.signer = Signer(NAME, 9)
    assert refused(check(log.export(20)), "not in the key file")


def test_a_log_that_went_back_is_found_by_whom_remembers(check, log, remembered):
    old = remembered(log.note(20))
    shorter = Log().live(2)
    assert check(shorter.export(10)).code == 0
    assert refused(check(shorter.export(10), "--checkpoint", old), "covers 20 entries")


def test_an_incarnation_begins_by_an_entry_and_only_then(check, log, remembered):
    early = log.note(8, incarnation=2)
    assert refused(check([*log.export()[:10], {"type": "checkpoint", "note": early}, *log.export()[10:]]), "log.example/2")
    log.restored()
    newest = len(log.events)
    lines = log.export(8, newest)
    assert check(lines).code == 0
    old = [line if line["type"] != "checkpoint" else {"type": "checkpoint", "note": log.note(8, 2)} for line in log.export(8)]
    assert refused(check(old), "a checkpoint of size 8 of log.example/2 stands after position 8 of log.example/1")
    assert refused(check([lines[0] | {"origin": "log.example/1"}, *lines[1:]]), "header")
    # What was remembered of the first incarnation and then lost is another history.
    fork = log.signer.note("log.example/1", newest, root_of(log.leaves()))
    assert refused(check(lines, "--checkpoint", remembered(fork)), "log.example/1")
    for state in ({"incarnation": 2, "lost_from": 3}, {"incarnation": "3"}, {"lost_from": 3}, "\\x00"):
        wrong = {"type": "event", **log.append("notary.log_restored", state)}
        assert refused(check([*lines, wrong]), "begins an incarnation after 2")
        log.events.pop()


ACCOUNT: dict[str, tuple[str, Callable[[Log, Lines], Lines]]] = {
    "an entry left out": ("missing before it", lambda log, lines: [*lines[:5], *lines[6:]]),
    "a rewritten entry": ("not this event", lambda log, lines: [*lines[:4], lines[4] | {"actor": "somebody else"}, *lines[5:]]),
    "another's entry": ("not of account", lambda log, lines: [*lines, {"type": "event", **log.events[2], "path": log.path(3, 23)}]),
    "entries swapped": ("not after", lambda log, lines: swapped(lines, 6, 7)),
    "an entry twice": ("not after", lambda log, lines: [*lines[:5], lines[4], *lines[5:]]),
    "no path": ("has a path", lambda log, lines: [*lines[:4], lines[4] | {"path": None}, *lines[5:]]),
    "a path for a later one": ("has none", lambda log, lines: [*lines[:-1], lines[-1] | {"path": lines[-2]["path"]}]),
    "another path": ("not this event", lambda log, lines: [*lines[:4], lines[4] | {"path": lines[5]["path"]}, *lines[5:]]),
    "a field too few": ("fields: path", lambda log, lines: [{k: v for k, v in line.items() if k != "path"} for line in lines]),
    "no checkpoint": ("has none", lambda log, lines: without(lines, "checkpoint")),
    "no checkpoint and no paths": (
        "no checkpoint",
        lambda log, lines: [x | {"path": None} if "path" in x else x for x in lines if "note" not in x],
    ),
    "two checkpoints": ("stands after", lambda log, lines: [*lines[:3], lines[2], *lines[3:]]),
    "two checkpoints of two sizes": (
        "stands after",
        lambda log, lines: [*lines[:3], {"type": "checkpoint", "note": log.note(22)}, *lines[3:]],
    ),
    "the checkpoint later": ("has a path", lambda log, lines: swapped(lines, 2, 3)),
    "another incarnation": ("log.example/2", lambda log, lines: [*lines[:2], {"type": "checkpoint", "note": log.note(23, 2)}, *lines[3:]]),
    "another account": ("not of account", lambda log, lines: [lines[0] | {"account": log.accounts[1]}, *lines[1:]]),
    "the whole log": ("log.example/1 stands after position 0", lambda log, lines: [lines[0] | {"account": None}, *lines[1:]]),
    "postings elsewhere": ("outside of that ledger", lambda log, lines: [*lines[:-1], lines[-1] | {"stream": log.id()}]),
}


@pytest.mark.parametrize(("reason", "forgery"), ACCOUNT.values(), ids=ACCOUNT)
def test_a_forged_export_of_an_account_is_refused(check, log, reason, forgery):
    honest = log.account_export(log.accounts[0], 23)
    assert check(honest).code == 0
    assert refused(check(forgery(log, honest)), reason)


def test_only_its_own_balance_is_in_the_export_of_an_account(check, log):
    lines = log.account_export(log.accounts[0], 23)
    assert refused(check(lines, "--account", log.accounts[1]), "no entry up to 24 moves credits of account")
    assert refused(check(lines, "--position", 4), "no entry 4")


def test_what_is_asked_for_must_be_there(check, log):
    assert refused(check(log.export(20), "--position", 25), "no entry 25")
    assert refused(check(log.export(20), "--account", log.id()), "moves credits of account")
    assert refused(check(log.export(20), "--account", "\x1b[31m"), "\\x1b[31m")


def test_the_end_counts_and_closes(check, log):
    whole = exported(log.export(20))
    lines = whole.splitlines(keepends=True)
    assert check(whole).code == 0
    for size in range(len(whole)):
        if size % 97 == 0 or size > len(whole) - 120:
            assert refused(check(whole[:size]))
    assert refused(check(whole + b"\n"), f"line {len(lines) + 1}: something follows the end")
    assert refused(check(whole + lines[-1]), "something follows the end")
    assert refused(check(b"".join(lines[:-1])), "no end")
    end = lines[-1].replace(b'"events":24', b'"events":23')
    assert refused(check(b"".join([*lines[:-1], end])), "are not what the end names")
