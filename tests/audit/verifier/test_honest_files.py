"""What is true is believed, and the answer says exactly what was shown."""

import pytest

from tests.support.proof_files import Log, Signer, exported, line
from tests.support.verifying import VERIFIER, alone


def test_an_entry_is_in_the_log(check, log):
    said = check(log.entry_proof(9, 20))
    assert said.code == 0
    assert said.out.startswith("ok: this entry is in the log log.example/1, under its signed checkpoint of size 20\n")
    assert "entry 9: credits.hold_captured" in said.out
    assert "available 2, held -5, owed 0, revenue:image 3" in said.out


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24])
def test_every_entry_of_every_tree_has_a_proof(check, log, size):
    for position in range(1, size + 1):
        assert check(log.entry_proof(position, size)).code == 0
        assert check(log.consistency_proof(position, size)).code == 0


def test_a_balance_was_committed_to(check, log):
    seal = log.events[-2]
    for account, (available, held, _) in log.balances(seal["position"] - 1).items():
        said = check(log.balance_proof(account, seal))
        assert said.code == 0
        assert f"account {account} after entry {seal['position'] - 1}: available {available}, held {held}, owed 0" in said.out
        assert "one balance for each of 3 accounts" in said.out


def test_a_later_log_extends_an_earlier_one(check, log, remembered):
    proof = log.consistency_proof(8)
    assert check(proof).code == 0
    assert check(proof, "--checkpoint", remembered(proof["from"])).code == 0
    assert check(proof, "--checkpoint", remembered(proof["to"])).code == 0


def test_an_export_is_the_whole_log(check, log, remembered):
    newest = len(log.events) - 1
    lines = log.export(3, 8, newest)
    said = check(lines, "--checkpoint", remembered(log.note(8)))
    assert said.code == 0
    assert f"all {newest} entries are in the log log.example/1 as signed at size {newest} and extend the remembered one of 8" in said.out
    assert "the ledger of 3 accounts balances; later ones, 1, are not sealed yet" in said.out
    # A checkpoint that the export does not hold may be remembered, too.
    assert check(lines, "--checkpoint", remembered(log.note(5))).code == 0


def test_an_auditor_looks_up_an_entry_and_a_balance_in_an_export(check, log):
    account = log.accounts[0]
    for position, event in enumerate(log.events, 1):
        said = check(log.export(20), "--position", position)
        assert said.code == 0 and f"entry {position}: {event['topic']}, " in said.out
    available, held, owed = log.balances(len(log.events))[account]
    said = check(log.export(20), "--account", account)
    assert f"account {account} after entry {len(log.events)}: available {available}, held {held}, owed {owed}" in said.out
    said = check(log.export(20), "--account", account, "--position", 2)
    assert f"account {account} after entry 2: available 100, held 0, owed 0" in said.out


def test_an_export_of_an_account_proves_each_of_its_entries(check, log):
    account = log.accounts[0]
    mine = [event for event in log.events if event["account_id"] == account]
    said = check(log.account_export(account, 23))
    available, held, owed = log.balances(len(log.events))[account]
    assert said.code == 0
    assert f"ok: {len(mine) - 1} entries of account {account} are in the log log.example/1 as signed at size 23" in said.out
    assert "its ledger has no gap; later ones, 1, are not sealed yet" in said.out
    assert f"available {available}, held {held}, owed {owed}" in said.out


def test_keys_rotate_and_old_checkpoints_stay_valid(check, keys, log):
    old, new = log.signer, Signer(seed=2)
    lines = log.export(8)
    log.signer = new
    lines += [{"type": "checkpoint", "note": log.note()}]
    lines.insert(2, {"type": "key", "vkey": new.vkey})
    assert check(lines).code == 0
    # Around the change both may sign.
    note = log.note(8)
    both = note + old.signature(note.split("\n\n")[0] + "\n")
    assert check({**log.entry_proof(8, 8), "checkpoint": both}).code == 0


def test_a_restored_log_goes_on_in_another_incarnation(check, log, remembered):
    old = log.note(8)
    log.restored()
    assert check(log.export(8, len(log.events))).code == 0
    assert check(log.export(len(log.events)), "--checkpoint", remembered(old)).code == 0


def test_it_needs_nothing_but_cryptography(bare, tmp_path, log, keys):
    file, export = tmp_path / "proof.json", tmp_path / "ä export.ndjson"
    file.write_bytes(line(log.entry_proof(4)))
    export.write_bytes(exported(log.export(20)))
    assert alone(bare, file, "--key", keys).out.startswith("ok: this entry is in the log")
    assert alone(bare, export, "--key", keys).out.startswith("ok: all 20 entries")
    export.write_bytes(export.read_bytes()[:-1])
    said = alone(bare, export, "--key", keys)
    assert said.code == 1 and " line 28: the line has no end" in said.err
    assert "Traceback" not in said.err


def test_wrong_usage_is_not_a_refusal(bare, tmp_path, keys):
    assert alone(bare).code == 2
    assert alone(bare, VERIFIER).code == 2
    assert alone(bare, tmp_path / "none", "--key", keys).code == 2
    assert alone(bare, tmp_path, "--key", keys).code == 2
    assert alone(tmp_path, "--help").err == "verify_proof.py needs the package cryptography: pip install cryptography\n"


def test_a_log_of_one_entry_has_proofs(check):
    log = Log()
    log.append("credits.resumed", {})
    assert check(log.entry_proof(1)).code == 0
    assert check(log.consistency_proof(1)).code == 0
    assert check(log.export(1)).code == 0
