"""Checkpoints as signed notes."""

import random
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections.notary.checkpoint import Checkpoint, NoteInvalid, PublicKey, parsed, signed, verified

NAME, PRIVATE = "books.example.com", bytes(range(32))
HEAD = Checkpoint(f"{NAME}/1", 4711, bytes(range(32)))


def key(private=PRIVATE, name=NAME):
    return PublicKey(name, Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


def test_a_note_has_the_three_lines_a_blank_one_and_the_signature():
    lines = signed(HEAD, NAME, PRIVATE).split("\n")
    assert lines[:4] == [f"{NAME}/1", "4711", b64encode(HEAD.root).decode(), ""]
    assert lines[4].startswith(f"— {NAME} ")
    assert lines[5:] == [""]
    blob = b64decode(lines[4].split(" ")[2])
    assert (len(blob), blob[:4]) == (68, key().key_id)


def test_the_key_id_of_a_key_that_others_publish():
    public = b64decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")[1:]
    assert PublicKey("example.com/foo", public).vkey == "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def test_what_was_signed_is_verified():
    note = signed(HEAD, NAME, PRIVATE)
    assert verified(note, [key()]) == parsed(note) == HEAD


def test_equal_trees_have_equal_notes():
    assert signed(HEAD, NAME, PRIVATE) == signed(HEAD, NAME, PRIVATE)


def test_a_signature_of_another_key_says_nothing():
    note = signed(HEAD, NAME, PRIVATE)
    for keys in ([], [key(bytes(32))], [key(name="others.example.com")]):
        with pytest.raises(NoteInvalid, match="no known key"):
            verified(note, keys)


def test_signatures_of_witnesses_are_passed_over():
    note = signed(HEAD, NAME, PRIVATE) + signed(HEAD, "witness.example.com", bytes(32)).split("\n\n")[1]
    assert verified(note, [key()]) == HEAD


def test_a_wrong_signature_of_a_known_key_spoils_the_note():
    other = signed(HEAD._replace(size=4712), NAME, PRIVATE).split("\n\n")[1]
    with pytest.raises(NoteInvalid, match="is wrong"):
        verified(signed(HEAD, NAME, PRIVATE) + other, [key()])


def test_no_byte_can_be_changed():
    note, dice = signed(HEAD, NAME, PRIVATE), random.Random(2)
    for place in range(len(note)):
        changed = note[:place] + chr(ord(note[place]) ^ (1 << dice.randrange(6))) + note[place + 1 :]
        with pytest.raises(NoteInvalid):
            verified(changed, [key()])


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n", "a\n1\n\n", "a/1\n01\nAA==\n\n— a AAAAAAAA\n", "a/1\n0\nAA==\n\n— a AAAAAAAA\n", "a/1\n1\nAA==\n\n— a AAAAAAAA\n",
        "a/1\n1\nAA==\nmore\n\n— a AAAAAAAA\n", HEAD.text + "\n— a b AAAAAAAA\n", HEAD.text + "\n— a AAAA\n", HEAD.text + "\n- a AAAAA\n",
        HEAD.text + "\n— a AAAAAAAA", HEAD.text + "\n" + "— a AAAAAAAA\n" * 17, HEAD.text + "\n— a AAAAAAB=\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteInvalid):
        parsed(text)
