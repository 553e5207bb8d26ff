"""The forged corpus, proofs: whoever cannot sign with the key cannot make the verifier say ok."""

from collections.abc import Callable
from copy import deepcopy

import pytest

from tests.support.proof_files import NAME, Log, Signer, b64, event_leaf, exported, leaf_of, node, path_of, root_of

Proof = dict


def refused(said, *words):
    """Refused by name: file, line, and every one of *words*."""
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("refused: ") and " line 1: " in said.err
    assert [word for word in words if word not in said.err] == []
    return True


def flipped(text: str) -> str:
    """*text*, which is base64, with one bit of its bytes changed."""
    return text[:4] + ("B" if text[4] != "B" else "C") + text[5:]


def changed(proof: Proof, **fields: object) -> Proof:
    return {**deepcopy(proof), **fields}


ENTRY: dict[str, Callable[[Log, Proof], Proof]] = {
    "the position": lambda log, proof: changed(proof, entry={**proof["entry"], "position": 10}),
    "the amount": lambda log, proof: changed(proof, entry={**proof["entry"], "available": 3, "outside": 2}),
    "the account": lambda log, proof: changed(proof, entry={**proof["entry"], "account_id": log.id()}),
    "the actor": lambda log, proof: changed(proof, entry={**proof["entry"], "actor": "system"}),
    "null for a text": lambda log, proof: changed(proof, entry={**proof["entry"], "result": ""}),
    "the state": lambda log, proof: changed(proof, entry={**proof["entry"], "state": {**proof["entry"]["state"], "amount": 3}}),
    "a bit of the path": lambda log, proof: changed(proof, path=[flipped(proof["path"][0]), *proof["path"][1:]]),
    "siblings swapped": lambda log, proof: changed(proof, path=[proof["path"][1], proof["path"][0], *proof["path"][2:]]),
    "the path upside down": lambda log, proof: changed(proof, path=proof["path"][::-1]),
    "a hash too few": lambda log, proof: changed(proof, path=proof["path"][:-1]),
    "a hash too many": lambda log, proof: changed(proof, path=[*proof["path"], proof["path"][-1]]),
    "no path": lambda log, proof: changed(proof, path=[]),
    "the path of another entry": lambda log, proof: changed(proof, path=log.path(10, 20)),
    "another entry's place": lambda log, proof: changed(proof, entry=log.events[9]),
    "another size": lambda log, proof: changed(proof, checkpoint=proof["checkpoint"].replace("\n20\n", "\n21\n")),
    "the checkpoint of another size": lambda log, proof: changed(proof, checkpoint=log.note(19)),
    "the path in another tree": lambda log, proof: changed(proof, path=log.path(9, 16)),
    "an index outside the tree": lambda log, proof: log.entry_proof(21, 21) | {"checkpoint": log.note(20)},
    "a shorter tree": lambda log, proof: log.entry_proof(9, 9) | {"checkpoint": log.note(8)},
}


@pytest.mark.parametrize("forgery", ENTRY.values(), ids=ENTRY)
def test_a_forged_proof_of_an_entry_is_refused(check, log, forgery):
    honest = log.entry_proof(9, 20)
    assert check(honest).code == 0
    assert refused(check(forgery(log, honest)))


def test_an_entry_cannot_be_put_at_any_other_index(check, log):
    honest = log.entry_proof(9, 20)
    for position in {*range(1, 25)} - {9}:
        assert refused(check(changed(honest, entry={**honest["entry"], "position": position})))


def test_a_leaf_is_no_node_and_a_node_no_leaf(check, log):
    """Without the first byte of what is hashed, two leaves side by side would be a leaf of their own."""
    leaves = log.leaves(8)
    pair = [node(leaves[0], leaves[1]), *(node(*leaves[place : place + 2]) for place in (2, 4, 6))]
    assert root_of(pair) == root_of(leaves)
    shorter = log.signer.note(log.origin, 4, root_of(pair))
    # Its signature is good, and the path fits the node: but no event hashes to a node.
    forged = {**log.entry_proof(1, 8), "checkpoint": shorter, "path": [b64(each) for each in path_of(pair, 0)]}
    assert refused(check(forged), "position 1")
    assert event_leaf(log.events[0]) not in pair


SIGNATURES: dict[str, Callable[[Log, str], str]] = {
    "a bit of the signature": lambda log, note: note[:-20] + ("B" if note[-20] != "B" else "C") + note[-19:],
    "a bit of the root": lambda log, note: note.replace(note.split("\n")[2], flipped(note.split("\n")[2])),
    "another incarnation": lambda log, note: note.replace("/1\n", "/2\n"),
    "no incarnation": lambda log, note: Signer().note(NAME, 20, root_of(log.leaves(20))),
    "a key that nobody knows": lambda log, note: Signer(NAME, 9).note(log.origin, 20, root_of(log.leaves(20))),
    "one signature of two": lambda log, note: note + Signer(NAME, 9).signature(note.split("\n\n")[0] + "\n"),
    "the same signature twice": lambda log, note: note + note.split("\n\n")[1],
    "a known key under another name": lambda log, note: note.replace("— log.example ", "— bank.example "),
    "another log by the same key": lambda log, note: log.signer.note("bank.example/1", 20, root_of(log.leaves(20))),
    "a signature over another text": lambda log, note: note.split("\n\n")[0] + "\n\n" + log.note(19).split("\n\n")[1],
    "a signature over less": lambda log, note: note.replace("\n\n", "\nextension\n\n"),
    "no signature": lambda log, note: note.split("\n\n")[0] + "\n\n",
    "no end": lambda log, note: note[:-1],
    "something after the end": lambda log, note: note + "\n",
    "a size with a zero before it": lambda log, note: note.replace("\n20\n", "\n020\n"),
    "a size of nothing": lambda log, note: log.signer.note(log.origin, 0, root_of(log.leaves(20))),
    "other line ends": lambda log, note: note.replace("\n", "\r\n"),
    "another dash": lambda log, note: note.replace("—", "–"),
    "nothing": lambda log, note: "",
}


@pytest.mark.parametrize("forgery", SIGNATURES.values(), ids=SIGNATURES)
def test_a_forged_checkpoint_is_refused(check, log, forgery):
    proof = log.entry_proof(9, 20)
    assert refused(check({**proof, "checkpoint": forgery(log, proof["checkpoint"])}), "checkpoint")


def test_a_signature_replayed_under_another_name_is_refused(check, keys, log):
    """Both names are known, and both keys: each signature belongs to one of them."""
    other = Signer("bank.example", 1)
    keys.write_text(f"{log.signer.vkey}\n{other.vkey}\n")
    root = root_of(log.leaves(20))
    text = f"bank.example/1\n20\n{b64(root)}\n"
    for line in (log.signer.signature(text), log.signer.signature(text, "bank.example"), other.signature(text, NAME)):
        assert refused(check({**log.entry_proof(9, 20), "checkpoint": f"{text}\n{line}"}), "the checkpoint is ")


BALANCE: dict[str, Callable[[Log, Proof], Proof]] = {
    "more credits": lambda log, proof: changed(proof, balance={**proof["balance"], "available": proof["balance"]["available"] + 1}),
    "held, not available": lambda log, proof: changed(proof, balance={**proof["balance"], "available": 0, "held": 100}),
    "another account": lambda log, proof: changed(proof, balance={**proof["balance"], "account": log.accounts[1]}),
    "another salt": lambda log, proof: changed(proof, balance={**proof["balance"], "salt": b64(bytes(32))}),
    "a short salt": lambda log, proof: changed(proof, balance={**proof["balance"], "salt": b64(bytes(31))}),
    "the index beside": lambda log, proof: changed(proof, balance={**proof["balance"], "index": 3 - proof["balance"]["index"]}),
    "an index outside": lambda log, proof: changed(proof, balance={**proof["balance"], "index": 3}),
    "an index below": lambda log, proof: changed(proof, balance={**proof["balance"], "index": -1}),
    "siblings swapped": lambda log, proof: changed(proof, path=proof["path"][::-1]) | {"seal_path": proof["seal_path"][::-1]},
    "the seal's path": lambda log, proof: changed(proof, seal_path=proof["path"]),
    "a seal that is none": lambda log, proof: changed(proof, seal=log.events[8], seal_path=log.path(9, 23)),
    "the sealed root": lambda log, proof: changed(
        proof, seal={**proof["seal"], "state": {**proof["seal"]["state"], "root": b64(bytes(32))}}
    ),
    "the number of accounts": lambda log, proof: changed(proof, seal={**proof["seal"], "state": {**proof["seal"]["state"], "accounts": 4}}),
    "another sealed position": lambda log, proof: changed(
        proof, seal={**proof["seal"], "state": {**proof["seal"]["state"], "position": 1}}
    ),
}


@pytest.mark.parametrize("forgery", BALANCE.values(), ids=BALANCE)
def test_a_forged_proof_of_a_balance_is_refused(check, log, forgery):
    honest = log.balance_proof(log.accounts[0], log.events[-2], 23)
    assert check(honest).code == 0
    assert refused(check(forgery(log, honest)))


@pytest.mark.parametrize(
    "state",
    [
        {"accounts": 3, "position": 99, "root": b64(bytes(32))},
        {"accounts": "3", "position": 5, "root": b64(bytes(32))},
        {"accounts": 3, "root": b64(bytes(32))},
        {"accounts": 3, "position": 5, "root": 7},
        {"accounts": 0, "position": 5, "root": b64(bytes(32))},
        "\\x00",
    ],
)
def test_a_seal_that_the_log_holds_must_also_make_sense(check, log, state):
    seal = log.append("notary.balances_sealed", state)
    honest = log.balance_proof(log.accounts[0], log.events[22], 23)
    forged = honest | {"checkpoint": log.note(), "seal": seal, "seal_path": log.path(25)}
    assert refused(check(forged))


def test_balances_that_are_impossible_are_refused_however_they_are_sealed(check, log):
    """A leaf of a balance with five columns is made by anyone; it must be in the sealed tree."""
    honest = log.balance_proof(log.accounts[0], log.events[22], 23)
    columns = [bytes(32), log.accounts[0].encode(), b"1", b"2", b"3"]
    alone = honest["seal"]["state"] | {"accounts": 1, "root": b64(leaf_of(columns))}
    assert refused(check(honest | {"seal": honest["seal"] | {"state": alone}, "path": []}), "position 23")


def test_histories_that_part_are_found(check, log, remembered):
    """Somebody with full write access to the database, but not the key, has rewritten the tail."""
    honest, old, before = log.consistency_proof(8, 20), log.note(20), log.entry_proof(9, 20)
    log.events[14]["actor"] = "somebody else"
    rewritten = log.consistency_proof(8, 20)
    log.events[3]["actor"] = "somebody else"
    deeper = log.consistency_proof(8, 20)
    assert check(honest).code == 0
    # The old signature does not fit the new tree, and the new tree is not that of the old signature.
    assert refused(check(rewritten | {"to": honest["to"]}), "does not extend")
    assert refused(check(deeper | {"from": honest["from"]}), "does not extend")
    assert refused(check(log.entry_proof(9, 20) | {"checkpoint": before["checkpoint"]}), "position 9")
    # Even when the key was stolen, too, somebody remembers.
    assert check(deeper).code == 0
    assert refused(check(deeper, "--checkpoint", remembered(old)), "two histories")
    assert refused(check(log.entry_proof(9, 20), "--checkpoint", remembered(old)), "two histories")


CONSISTENCY: dict[str, Callable[[Log, Proof], Proof]] = {
    "a bit of the path": lambda log, proof: changed(proof, path=[flipped(proof["path"][0]), *proof["path"][1:]]),
    "the path upside down": lambda log, proof: changed(proof, path=proof["path"][::-1]),
    "a hash too few": lambda log, proof: changed(proof, path=proof["path"][:-1]),
    "a hash too many": lambda log, proof: changed(proof, path=[proof["path"][0], *proof["path"]]),
    "no path": lambda log, proof: changed(proof, path=[]),
    "turned round": lambda log, proof: changed(proof, **{"from": proof["to"], "to": proof["from"]}),
    "another first": lambda log, proof: changed(proof, **{"from": log.note(6)}),
    "another second": lambda log, proof: changed(proof, to=log.note(19)),
    "equal sizes with a path": lambda log, proof: changed(proof, **{"from": proof["to"]}),
    "another incarnation": lambda log, proof: changed(proof, to=log.note(20, incarnation=2)),
}


@pytest.mark.parametrize("forgery", CONSISTENCY.values(), ids=CONSISTENCY)
@pytest.mark.parametrize("old", [7, 8, 12])
def test_a_forged_proof_of_consistency_is_refused(check, log, forgery, old):
    honest = log.consistency_proof(old, 20)
    assert check(honest).code == 0
    assert refused(check(forgery(log, honest)))


def test_what_was_remembered_must_fit(check, log, remembered):
    proof = log.entry_proof(9, 20)
    assert check(proof, "--checkpoint", remembered(log.note(20))).code == 0
    assert refused(check(proof, "--checkpoint", remembered(log.note(21))), "nothing links size 20", "size 21")
    assert refused(check(proof, "--checkpoint", remembered(log.note(8))), "nothing links size 20", "consistency proof")
    assert refused(check(proof, "--checkpoint", remembered(log.note(20, incarnation=2))), "log.example/2")
    said = check(proof, "--checkpoint", remembered(log.note(20)[:-2] + "\n"))
    assert (said.code, "remembered.txt line 1: " in said.err) == (1, True)
    account = log.account_export(log.accounts[0], 20)
    assert check(account, "--checkpoint", remembered(log.note(20))).code == 0
    said = check(exported(account), "--checkpoint", remembered(log.note(23)))
    assert (said.code, "line 3: nothing links size 20" in said.err) == (1, True)
