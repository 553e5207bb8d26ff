"""Check a proof or an export of a Daybook log, without Daybook.

    python verify_proof.py FILE --key KEYFILE [--checkpoint NOTE] [--position N] [--account ID]

FILE is a proof (of an entry, of a balance, of consistency) or an export (of the log, or of one account). KEYFILE holds the
public keys you trust, one a line; have them from somebody else than FILE. NOTE is a checkpoint you remembered: then the log
must also extend that one. On an export, --position shows that entry, and --account the balance that the entries add up to
(with both: after that entry). Prints `ok: ...` and exits 0, or `refused: FILE line N: ...` and exits 1; wrong usage exits 2.

It needs Python 3.9 and the package `cryptography`, and shares no code with Daybook, so it is also the reference of the
formats, and accepts only one spelling of everything.

  column      4 bytes length, big-endian, and the bytes; NULL is ff ff ff ff. Numbers are decimal, ids and times are texts.
  leaf        SHA-256(00, the 20 columns of an event in the order of COLUMNS); its index is its position - 1
  node        SHA-256(01, left, right), in the tree of RFC 6962, section 2.1
  checkpoint  a signed note (C2SP tlog-checkpoint): origin, size, root, an empty line, signatures by Ed25519
  balances    a second tree, one leaf SHA-256(00, salt, account, available, held, owed) an account, whose root an event seals
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write("verify_proof.py needs the package cryptography: pip install cryptography\n")
    sys.exit(2)

POSTINGS = ("available", "held", "owed", "outside", "book")
COLUMNS = (
    *("position", "stream", "version", "topic", "recorded_at", "actor", "account_id", "correlation", "causation", "command_id"),
    *("first", "fingerprint", "status", "result", *POSTINGS, "state"),
)
#: Topics: a fact that seals all balances, and one that begins another incarnation of the log after a restore that lost some.
SEALED, RESTORED = "notary.balances_sealed", "notary.log_restored"
#: The stream of an account's ledger is the UUID of version 5 of the account's id in this namespace.
LEDGERS = uuid.UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c001")
#: Longer lines are refused, so that memory has a bound; and longer numbers.
LINE_BYTES_MAX, DIGITS_MAX = 64 * 1024 * 1024, 4300

# A rule is a type, None, a pattern of a text, or several rules of which one must fit. An object has exactly the fields of its shape.
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\.[0-9]{6}Z")
HEX = re.compile("([0-9a-f]{2})*")
EVENT: dict[str, Any] = {
    "position": int, "stream": ID, "version": int, "topic": str, "recorded_at": TIME, "actor": str, "account_id": (ID, None),
    "correlation": str, "causation": (int, None), "command_id": ID, "first": bool, "fingerprint": (HEX, None), "status": (int, None),
    "result": (str, None), **dict.fromkeys(POSTINGS, (int, None)), "book": (str, None), "state": (dict, str),
}  # fmt: skip
BALANCE = {"account": ID, "available": int, "held": int, "owed": int, "index": int, "salt": str}
PROOF = {"format": re.compile("daybook-proof/1"), "type": str}
SHAPES: dict[str, dict[str, Any]] = {
    "header": {"type": str, "account": (ID, None), "format": re.compile("daybook-export/1"), "head": int, "origin": str},
    "key": {"type": str, "vkey": str},
    "event": {"type": str, **EVENT},
    "event with a path": {"type": str, **EVENT, "path": (list, None)},
    "checkpoint": {"type": str, "note": str},
    "end": {"type": str, "events": int, "sha256": str},
    "entry": {**PROOF, "checkpoint": str, "entry": dict, "path": list},
    "balance": {**PROOF, "checkpoint": str, "balance": dict, "path": list, "seal": dict, "seal_path": list},
    "consistency": {**PROOF, "from": str, "path": list, "to": str},
}


class Refused(Exception):
    """What is wrong, in one sentence."""


def refuse(reason: str) -> NoReturn:
    raise Refused(reason)


@contextlib.contextmanager
def at(place: str) -> Iterator[None]:
    """Puts *place* before what is refused inside."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{place}: {error}") from None


def shown(value: Any) -> str:
    """A value in few characters that no terminal minds."""
    return ascii(value)[1:-1][:80] if type(value) is str else type(value).__name__ if type(value) in (dict, list) else str(value)


def fits(value: Any, rule: Any) -> bool:
    if isinstance(rule, tuple):
        return any(fits(value, each) for each in rule)
    return value is rule or type(value) is rule or (type(value) is str and isinstance(rule, re.Pattern) and bool(rule.fullmatch(value)))


def shaped(value: Any, shape: dict[str, Any], what: str) -> Any:
    if value.keys() != shape.keys():
        refuse(f"{what} has unknown or missing fields: {shown(', '.join(sorted(value.keys() ^ shape.keys())))}")
    for name, rule in shape.items():
        if type(value[name]) is not rule and not fits(value[name], rule):
            refuse(f"{name} of {what} is not what it must be: {shown(value[name])}")
    return value


def whole(literal: str) -> int:
    digits = literal.lstrip("-")
    return int(literal) if digits.isdigit() and len(digits) <= DIGITS_MAX else refuse(f"{literal[:24]} is no whole number, or too big")


DECODE = json.JSONDecoder(parse_int=whole, parse_float=whole, parse_constant=whole).decode
ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def parsed(raw: bytes) -> Any:
    """The value of canonical JSON: keys sorted and unique, no white space, no needless escapes, whole numbers."""
    try:
        value = DECODE(raw.decode("utf-8"))
        canonical = ENCODE(value).encode("utf-8") == raw
    except (ValueError, RecursionError) as error:
        refuse(f"not JSON: {shown(str(error))}")
    return value if canonical else refuse("not canonical JSON: the order or repetition of keys, white space, or an escape")


def unpacked(text: Any, size: int, what: str) -> bytes:
    """The *size* bytes of canonical base64."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, AttributeError):
        raw = b""
    if len(raw) != size or base64.b64encode(raw).decode() != text:
        refuse(f"{what} is not the canonical base64 of {size} bytes: {shown(text)}")
    return raw


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by(path: list[Any], leaf: bytes, index: int, size: int) -> bytes:
    """The root that *leaf* at *index* has in a tree of *size* leaves, if *path* holds its siblings from the leaf upwards."""
    if not 0 <= index < size:
        refuse(f"index {index} is outside a tree of {size} leaves")
    if (size == 1) != (not path):
        refuse("the path is too long" if path else "the path is too short")
    if not path:
        return leaf
    # How many of the leaves are in the left subtree: the largest power of two below the size.
    left, sibling = 1 << ((size - 1).bit_length() - 1), unpacked(path[-1], 32, f"hash {len(path)} of the path")
    if index < left:
        return node(root_by(path[:-1], leaf, index, left), sibling)
    return node(sibling, root_by(path[:-1], leaf, index - left, size - left))


def both_roots(path: list[Any], old: int, new: int, known: bytes | None) -> tuple[bytes, bytes]:
    """The roots of the first *old* and of all *new* leaves; *known* is the claimed first one as long as it may be a subtree's."""
    if old == new and known is not None and not path:
        return known, known
    if not path or (old == new and (known is not None or len(path) > 1)):
        refuse("the path is too long" if path else "the path is too short")
    sibling = unpacked(path[-1], 32, f"hash {len(path)} of the path")
    if old == new:
        return sibling, sibling
    left = 1 << ((new - 1).bit_length() - 1)
    if old <= left:
        before, after = both_roots(path[:-1], old, left, known)
        return before, node(after, sibling)
    before, after = both_roots(path[:-1], old - left, new - left, None)
    return node(sibling, before), node(sibling, after)


def grow(roots: list[bytes], size: int, leaf: bytes) -> None:
    """*roots* are those of the complete subtrees of a tree, largest first; *leaf* is appended, which makes *size* leaves."""
    while size % 2 == 0:
        leaf, size = node(roots.pop(), leaf), size // 2
    roots.append(leaf)


def root_of(roots: list[bytes]) -> bytes:
    return functools.reduce(lambda right, left: node(left, right), reversed(roots))


def column(raw: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if raw is None else len(raw).to_bytes(4, "big") + raw


def event_leaf(event: dict[str, Any]) -> bytes:
    """Raises Refused when the postings do not balance."""
    moved = [event[name] for name in POSTINGS]
    if moved.count(None) not in (0, 5) or (event["book"] is not None and (sum(moved[:4]) or event["account_id"] is None)):
        refuse("the postings are incomplete, do not sum to zero, or are nobody's")
    return hashlib.sha256(b"\x00" + b"".join([column(raw_of(name, event[name])) for name in COLUMNS])).digest()


def raw_of(name: str, value: Any) -> bytes | None:
    """Texts as they are and anything else as JSON, but a fingerprint and a state in digits as the bytes that they spell."""
    if value is None:
        return None
    if type(value) is not str:
        return (ENCODE(value) if type(value) is dict else str(value).lower()).encode("utf-8")
    if name == "state":
        return state_of(value)
    return bytes.fromhex(value) if name == "fingerprint" else value.encode("utf-8")


def state_of(text: str) -> bytes:
    r"""The bytes that `\x...` spells: of a state that is no canonical JSON object."""
    if text[:2] != r"\x" or not HEX.fullmatch(text[2:]):
        refuse(f"the state is neither an object nor bytes: {shown(text)}")
    raw, value = bytes.fromhex(text[2:]), None
    with contextlib.suppress(Refused):
        value = parsed(raw)
    return raw if type(value) is not dict else refuse("the state is spelled as bytes, but is a canonical JSON object")


def key_of(vkey: str) -> tuple[str, bytes]:
    """`name+id+base64`: the id in hexadecimal digits; the bytes 01 and the public key. Returns `name+id` and the key."""
    name, _, rest = vkey.partition("+")
    key_id, _, packed = rest.partition("+")
    raw = unpacked(packed, 33, "the public key")
    if not re.fullmatch("[!-~]+", name) or hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != key_id or raw[0] != 1:
        refuse("the id of the key is not that of its name and its Ed25519 public key")
    return f"{name}+{key_id}", raw[1:]


def read_keys(path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with open(path, "rb") as file:
        lines = file.read(LINE_BYTES_MAX).split(b"\n")
    if lines[-1] or len(lines) < 2:
        refuse(f"{path} line {len(lines)}: the line has no end, or there is none")
    for number, line in enumerate(lines[:-1], 1):
        with at(f"{path} line {number}"):
            key_id, public = key_of(line.decode("ascii", "replace"))
            found[key_id] = public if key_id not in found else refuse("the same key again")
    return found


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


def checkpoint_of(note: str, keys: dict[str, bytes]) -> Checkpoint:
    """What *note* says, when all of its signatures are by *keys*. The origin is the name of the log and its incarnation."""
    body, _, signatures = note.partition("\n\n")
    lines, signed = body.split("\n"), signatures.split("\n")
    if len(lines) != 3 or not re.fullmatch("[!-~]+/[1-9][0-9]{0,8}", lines[0]) or not re.fullmatch("[1-9][0-9]{0,17}", lines[1]):
        refuse("the checkpoint is not a note of origin, size and root")
    if len(signed) < 2 or signed.pop() or len(set(signed)) != len(signed):
        refuse("the checkpoint has no signature, or one twice, or does not end with a line feed")
    for line in signed:
        dash, name, packed = line.split(" ") if line.count(" ") == 2 else ("", "", "")
        raw = unpacked(packed, 68, "the signature of the checkpoint")
        key_id = f"{name}+{raw[:4].hex()}"
        if dash != "\u2014" or key_id not in keys:
            refuse(f"the checkpoint is signed by {shown(key_id)}, a key that the key file does not hold")
        if lines[0].rpartition("/")[0] != name:
            refuse(f"the checkpoint is of another origin, {lines[0]}, than the key that signed it, {name}")
        try:
            Ed25519PublicKey.from_public_bytes(keys[key_id]).verify(raw[4:], f"{body}\n".encode())
        except (InvalidSignature, ValueError):
            refuse("the signature of the checkpoint does not fit")
    return Checkpoint(lines[0], int(lines[1]), unpacked(lines[2], 32, "the root of the checkpoint"))


def check_extends(remembered: Checkpoint | None, *known: Checkpoint) -> None:
    """*remembered* must be among *known*, of which the last is the largest: a proof says nothing about others."""
    if remembered is None or remembered in known:
        return
    if remembered.origin != known[-1].origin:
        refuse(f"the log is {known[-1].origin}, the remembered checkpoint is of {remembered.origin}")
    if remembered.size in [each.size for each in known]:
        refuse(f"at size {remembered.size} the remembered checkpoint has another root: there are two histories")
    refuse(f"nothing links size {known[-1].size} to the remembered checkpoint of size {remembered.size}: that needs a consistency proof")


def check_inclusion(event: dict[str, Any], path: list[Any], checkpoint: Checkpoint) -> None:
    if root_by(path, event_leaf(event), event["position"] - 1, checkpoint.size) != checkpoint.root:
        refuse(f"position {event['position']} is not this event in the tree of the checkpoint of size {checkpoint.size}")


def entry_proof(proof: dict[str, Any], keys: dict[str, bytes], remembered: Checkpoint | None) -> list[str]:
    checkpoint, event = checkpoint_of(proof["checkpoint"], keys), shaped(proof["entry"], EVENT, "the entry")
    check_inclusion(event, proof["path"], checkpoint)
    check_extends(remembered, checkpoint)
    return [f"this entry is in the log {checkpoint.origin}, under its signed checkpoint of size {checkpoint.size}", told(event)]


def balance_proof(proof: dict[str, Any], keys: dict[str, bytes], remembered: Checkpoint | None) -> list[str]:
    checkpoint, seal = checkpoint_of(proof["checkpoint"], keys), shaped(proof["seal"], EVENT, "the seal")
    check_inclusion(seal, proof["seal_path"], checkpoint)
    check_extends(remembered, checkpoint)
    balance, state = shaped(proof["balance"], BALANCE, "the balance"), seal["state"]
    if seal["topic"] != SEALED or seal["account_id"] is not None or type(state) is not dict:
        refuse(f"position {seal['position']} does not seal balances")
    accounts, position, sealed = state.get("accounts"), state.get("position"), unpacked(state.get("root"), 32, "the sealed root")
    if type(accounts) is not int or type(position) is not int or not 0 < position < seal["position"]:
        refuse(f"position {seal['position']} names no number of accounts, or no position before it")
    columns = [unpacked(balance["salt"], 32, "the salt"), *(str(balance[name]).encode() for name in ("account", *POSTINGS[:3]))]
    leaf = hashlib.sha256(b"\x00" + b"".join(map(column, columns))).digest()
    if root_by(proof["path"], leaf, balance["index"], accounts) != sealed:
        refuse(f"the balance is not in the tree that position {seal['position']} seals")
    return [
        f"the log {checkpoint.origin}, signed at size {checkpoint.size}, is committed to one balance for each of {accounts} accounts",
        f"account {balance['account']} after entry {position}: {amounts(balance)} (that it is right, an export shows)",
    ]


def consistency_proof(proof: dict[str, Any], keys: dict[str, bytes], remembered: Checkpoint | None) -> list[str]:
    old, new = checkpoint_of(proof["from"], keys), checkpoint_of(proof["to"], keys)
    related = old.origin == new.origin and old.size <= new.size
    if not related or both_roots(proof["path"], old.size, new.size, old.root) != (old.root, new.root):
        refuse(f"the checkpoint of size {new.size} of {new.origin} does not extend that of size {old.size} of {old.origin}")
    check_extends(remembered, old, new)
    return [f"the log {new.origin} of {new.size} entries begins with the {old.size} entries of its earlier checkpoint, unchanged"]


def amounts(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {values[name]}" for name in POSTINGS[:3])


def told(event: dict[str, Any]) -> str:
    moved = f", {amounts(event)}, {shown(event['book'])} {event['outside']}" if event["book"] is not None else ""
    return f"entry {event['position']}: {shown(event['topic'])}, account {event['account_id']}, recorded {event['recorded_at']}{moved}"


class Reader:
    """The lines of a file, one at a time, and the hash of all before the last one read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.line, self.hash, self.last = file, 0, hashlib.sha256(), b""
        self.event = "event"

    def read(self, *types: str) -> Any:
        """The next line, an object of one of *types*; without types there must be none."""
        self.hash.update(self.last)
        self.last, self.line = self.file.readline(LINE_BYTES_MAX), self.line + 1
        if not types:
            return refuse("something follows the end") if self.last else None
        if not self.last.endswith(b"\n"):
            refuse("the line has no end: the file is truncated, or the line too long")
        value = parsed(self.last[:-1])
        kind = value.get("type") if type(value) is dict else None
        if type(kind) is not str or kind not in types:
            refuse(f"expected {' or '.join(types)}, found {shown(kind)}")
        return shaped(value, SHAPES[self.event if kind == "event" else kind], f"the {kind}")


class Export:
    """Of the log: its tree is made again, with the root of each checkpoint; of one account: entries bring paths to one checkpoint."""

    def __init__(self, reader: Reader, header: dict[str, Any], keys: dict[str, bytes], asked: argparse.Namespace) -> None:
        self.reader, self.header, self.keys, self.account, self.asked = reader, header, keys, header["account"], asked
        self.checkpoint, self.incarnation = Checkpoint("", 0, b""), 1
        self.events, self.sealed, self.position, self.version = 0, 0, 0, 0
        self.roots, self.answers = list[bytes](), list[str]()
        #: The one thing that grows: with the number of accounts, not of entries.
        self.balances: dict[str, list[int]] = {}
        reader.event = "event with a path" if self.account else "event"

    def check(self) -> list[str]:
        types = "checkpoint", "event", "end"
        while (line := self.reader.read("key", *types))["type"] == "key":
            key_id, public = key_of(line["vkey"])
            if self.keys.get(key_id) != public:
                refuse(f"the key {key_id} is not in the key file")
        while line["type"] != "end":
            self.seal(checkpoint_of(line["note"], self.keys)) if line["type"] == "checkpoint" else self.take(line)
            line = self.reader.read(*types)
        self.close(line)
        return self.answers

    def origin(self) -> str:
        """What a checkpoint of the entries so far is signed under."""
        return self.header["origin"] if self.account else f"{self.header['origin'].rpartition('/')[0]}/{self.incarnation}"

    def seal(self, found: Checkpoint) -> None:
        fits_here = self.events + self.checkpoint.size == 0 if self.account else self.checkpoint.size < found.size == self.position
        if found.origin != self.origin() or not fits_here:
            refuse(f"a checkpoint of size {found.size} of {found.origin} stands after position {self.position} of {self.origin()}")
        if self.account:
            check_extends(self.asked.remembered, found)
        elif found.root != root_of(self.roots):
            refuse(f"something from position {self.checkpoint.size + 1} to {found.size} was changed: the checkpoint has another root")
        self.checkpoint, self.sealed = found, self.events

    def take(self, event: dict[str, Any]) -> None:
        with at(f"position {event['position']}"):
            self.take_of_account(event) if self.account else self.take_of_log(event)
            self.events, self.position = self.events + 1, event["position"]
            if event["book"] is not None:
                balance = self.balances.setdefault(event["account_id"], [0, 0, 0])
                balance[:] = [before + event[name] for before, name in zip(balance, POSTINGS)]  # noqa: B905 (Python 3.9)
                if balance[0] < 0 or balance[1] < 0 or balance[2] > 0:
                    refuse(f"account {event['account_id']} has an impossible balance: available, held, owed {balance}")
        if self.position == self.asked.position:
            self.answers.append(told(event))
            self.show_balance()

    def take_of_log(self, event: dict[str, Any]) -> None:
        position, remembered, state = event["position"], self.asked.remembered, event["state"]
        if position != self.position + 1:
            refuse(f"it follows position {self.position}")
        grow(self.roots, position, event_leaf(event))
        if event["topic"] == RESTORED:
            if type(state) is not dict or type(state.get("incarnation")) is not int or state["incarnation"] <= self.incarnation:
                refuse(f"the restored log begins an incarnation after {self.incarnation}, not what the event says")
            self.incarnation = state["incarnation"]
        if remembered and remembered.size == position:
            check_extends(remembered, Checkpoint(self.origin(), position, root_of(self.roots)))

    def take_of_account(self, event: dict[str, Any]) -> None:
        position, sealed = event["position"], event["position"] <= self.checkpoint.size
        if event["account_id"] != self.account or not self.position < position <= self.header["head"]:
            refuse(f"not of account {self.account}, or not after {self.position} and up to {self.header['head']}")
        if sealed != (event["path"] is not None):
            refuse("an entry up to the checkpoint has a path, a later one has none")
        check_inclusion(event, event["path"], self.checkpoint) if sealed else event_leaf(event)
        self.sealed += sealed
        ledger = event["stream"] == str(uuid.uuid5(LEDGERS, self.account))
        self.version += ledger
        if (ledger and event["version"] != self.version) or (event["book"] is not None and not ledger):
            refuse("an entry of the account's ledger is missing before it, or it posts outside of that ledger")

    def show_balance(self) -> None:
        account = self.asked.account or (self.account if self.account in self.balances else None)
        if account:
            values = self.balances.get(account) or refuse(f"no entry up to {self.position} moves credits of account {shown(account)}")
            self.answers.append(f"account {account} after entry {self.position}: {amounts(dict(zip(POSTINGS, values)))}")  # noqa: B905

    def close(self, end: dict[str, Any]) -> None:
        remembered, size = self.asked.remembered, self.checkpoint.size if self.account else self.position
        if end["events"] != self.events or end["sha256"] != self.reader.hash.hexdigest():
            refuse(f"the {self.events} events, or the hash of the lines before, are not what the end names")
        if not self.account and (self.position, self.origin()) != (self.header["head"], self.header["origin"]):
            refuse(f"the log ends at {self.position} of {self.origin()}, not where its header says")
        if not self.checkpoint.size:
            refuse("no checkpoint signs anything in the file")
        if remembered and remembered.size > size:
            refuse(f"the remembered checkpoint covers {remembered.size} entries, the file {size}")
        if self.asked.position is None:
            self.show_balance()
        elif not self.answers:
            refuse(f"the file has no entry {self.asked.position}")
        what = f"{self.sealed} entries of account {self.account}" if self.account else f"all {self.sealed} entries"
        more = "its ledger has no gap" if self.account else f"the ledger of {len(self.balances)} accounts balances"
        past = f" and extend the remembered one of {remembered.size}" if remembered else ""
        tail = f"; later ones, {self.events - self.sealed}, are not sealed yet" if self.events > self.sealed else ""
        self.answers.insert(0, f"{what} are in the log {self.origin()} as signed at size {self.checkpoint.size}{past}; {more}{tail}")


def check(path: str, keys: dict[str, bytes], asked: argparse.Namespace) -> list[str]:
    """What the file at *path* proves, a sentence a line."""
    proofs = {"entry": entry_proof, "balance": balance_proof, "consistency": consistency_proof}
    with open(path, "rb") as file:
        reader = Reader(file)
        try:
            first = reader.read("header", *proofs)
            kind = first["type"]
            proved = Export(reader, first, keys, asked).check() if kind == "header" else proofs[kind](first, keys, asked.remembered)
            reader.read()
            return proved
        except Refused as error:
            raise Refused(f"{path} line {reader.line}: {error}") from None


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check a proof or an export of a Daybook log, without Daybook.")
    parser.add_argument("file", metavar="FILE", help="a proof or an export")
    parser.add_argument("--key", required=True, metavar="KEYFILE", help="public keys that you trust, one a line")
    parser.add_argument("--checkpoint", metavar="NOTE", help="a checkpoint that you remembered")
    parser.add_argument("--position", type=int, metavar="N", help="show this entry of an export")
    parser.add_argument("--account", metavar="ID", help="show the balance of this account, from an export")
    asked = parser.parse_args(words)
    try:
        keys, asked.remembered = read_keys(asked.key), None
        if asked.checkpoint:
            with open(asked.checkpoint, "rb") as file, at(f"{asked.checkpoint} line 1"):
                asked.remembered = checkpoint_of(file.read(LINE_BYTES_MAX).decode("utf-8", "replace"), keys)
        code, stream, said = 0, sys.stdout, "ok: " + "\n    ".join(check(asked.file, keys, asked))
    except Refused as error:
        code, stream, said = 1, sys.stderr, f"refused: {error}"
    except OSError as error:
        parser.error(f"cannot read: {error}")
    stream.write(said.encode("ascii", "backslashreplace").decode() + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
