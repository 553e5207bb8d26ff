"""One byte changed, anywhere in any file: refused, and the answer names the file and the line."""

import os
import random
import re
from pathlib import Path

import pytest

from tests.support.proof_files import NAME, Log, Signer, exported, line
from tests.support.verifying import Said, alone, in_process

CHANGES, MANY_CHANGES = 2_000, 10_000
#: So many of them also by a Python of its own.
SAMPLE = 12
SEED = int(os.environ.get("SEED", "0"))


@pytest.fixture
def files(tmp_path: Path, log: Log) -> dict[str, list[Path]]:
    """What is checked: name -> file and the words after it. Every kind of file, and the keys and the remembered checkpoint with each."""
    keys, note = tmp_path / "keys.txt", tmp_path / "note.txt"
    keys.write_text("".join(f"{signer.vkey}\n" for signer in (Signer("bank.example", 3), log.signer, Signer(NAME, 2))))
    note.write_bytes(log.note(20).encode())
    made = {
        "entry": line(log.entry_proof(9, 20)),
        "balance": line(log.balance_proof(log.accounts[0], log.events[22], 23)),
        "consistency": line(log.consistency_proof(7, 20)),
        "log": exported(log.export(3, 8, 20)),
        "account": exported(log.account_export(log.accounts[0], 20)),
    }
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return {name: [tmp_path / name, keys] + ([note] if name != "balance" else []) for name in made}


def words(files: list[Path]) -> list[object]:
    return [files[0], "--key", files[1], *(["--checkpoint", files[2]] if len(files) > 2 else [])]


def altered(chance: random.Random, content: bytes) -> tuple[int, bytes]:
    """Another byte at a random place. Half of the time one that is likely to be overlooked: white space, case, a neighbour."""
    at = chance.randrange(len(content))
    old = content[at]
    likely = [old ^ 1, old ^ 32, 32, 9, 10, 13, 48, 0, 34, 61, 255]
    new = chance.choice([value for value in (likely if chance.random() < 0.5 else range(256)) if value != old])
    return at, content[:at] + bytes([new]) + content[at + 1 :]


def named(said: Said, file: Path) -> bool:
    return said.code == 1 and said.out == "" and re.match(rf"refused: {re.escape(str(file))} line \d+: \S", said.err) is not None


@pytest.mark.parametrize("changes", [CHANGES, pytest.param(MANY_CHANGES, marks=pytest.mark.long)])
def test_every_changed_byte_is_refused_with_file_and_line(verifier, bare, files, changes):
    chance = random.Random(SEED)
    for given in files.values():
        assert in_process(verifier, *words(given)).code == 0
    failures: list[tuple[object, ...]] = []
    for number in range(changes):
        name = chance.choice(list(files))
        # The file itself most of the time: keys and notes are short.
        changed = chance.choices(files[name], weights=[4, 1, 1][: len(files[name])])[0]
        content = changed.read_bytes()
        at, forged = altered(chance, content)
        changed.write_bytes(forged)
        said = in_process(verifier, *words(files[name]))
        if number < SAMPLE:
            assert alone(bare, *words(files[name])) == said
        if not named(said, changed):
            failures.append((SEED, number, name, changed.name, at, content[at], forged[at], said))
        changed.write_bytes(content)
    assert failures == []


@pytest.mark.parametrize("name", ["entry", "log"])
def test_no_byte_of_keys_and_note_may_change_whichever_it_is(verifier, files, name):
    given = files[name]
    for file in given[1:]:
        content = file.read_bytes()
        for at, old in enumerate(content):
            for new in {old ^ 1, 10, 32} - {old}:
                file.write_bytes(content[:at] + bytes([new]) + content[at + 1 :])
                assert named(in_process(verifier, *words(given)), file), (file.name, at, new)
        file.write_bytes(content)


@pytest.mark.parametrize("name", ["entry", "balance", "consistency", "log", "account"])
def test_a_byte_more_or_less_is_refused(verifier, files, name):
    chance = random.Random(SEED)
    for file in files[name]:
        content = file.read_bytes()
        for _ in range(25):
            at = chance.randrange(len(content))
            for forged in (content[:at] + content[at + 1 :], content[:at] + bytes([chance.choice(b'\n 0a"')]) + content[at:]):
                file.write_bytes(forged)
                said = in_process(verifier, *words(files[name]))
                assert (said.code, "line" in said.err) == (1, True), (file.name, at, said)
        file.write_bytes(content)
