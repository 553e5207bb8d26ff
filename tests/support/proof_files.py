"""A log, its checkpoints, proofs and exports, made by the definitions of docs/formats.md alone: nothing of it is code of ours.

Everything follows from a seed. The tree is naive on purpose: it is the definition of RFC 6962, word for word.
"""

import base64
import hashlib
import json
import random
import struct
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Event = dict[str, Any]
Json = dict[str, Any]
COLUMNS = [
    "position", "stream", "version", "topic", "recorded_at", "actor", "account_id", "correlation", "causation", "command_id",
    "first", "fingerprint", "status", "result", "available", "held", "owed", "outside", "book", "state",
]  # fmt: skip
NAME = "log.example"
LEDGERS = uuid.UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c001")
NOTARY = "6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c0de"


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def line(value: Any) -> bytes:
    return canonical(value) + b"\n"


class Signer:
    """An Ed25519 key with a name."""

    def __init__(self, name: str = NAME, seed: int = 1) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = b"\x01" + self._key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(public)}"

    def signature(self, text: str, name: str | None = None) -> str:
        """A signature line for *text*, told to be by *name*."""
        return f"— {name or self.name} {b64(self.id + self._key.sign(text.encode()))}\n"

    def note(self, origin: str, size: int, root: bytes) -> str:
        text = f"{origin}\n{size}\n{b64(root)}\n"
        return f"{text}\n{self.signature(text)}"


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_of(count: int) -> int:
    """The largest power of two smaller than *count*."""
    split = 1
    while split * 2 < count:
        split *= 2
    return split


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = split_of(len(leaves))
    return node(root_of(leaves[:split]), root_of(leaves[split:]))


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    split = split_of(len(leaves))
    if index < split:
        return [*path_of(leaves[:split], index), root_of(leaves[split:])]
    return [*path_of(leaves[split:], index - split), root_of(leaves[:split])]


def consistency_of(leaves: Sequence[bytes], size: int, whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962, 2.1.2."""
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = split_of(len(leaves))
    if size <= split:
        return [*consistency_of(leaves[:split], size, whole), root_of(leaves[split:])]
    return [*consistency_of(leaves[split:], size - split, False), root_of(leaves[:split])]


def column_bytes(value: bytes | None) -> bytes:
    return struct.pack(">i", -1) if value is None else struct.pack(">I", len(value)) + value


def leaf_of(columns: Sequence[bytes | None]) -> bytes:
    return hashlib.sha256(b"\x00" + b"".join(map(column_bytes, columns))).digest()


def columns_of(event: Event) -> list[bytes | None]:
    plain: dict[str, Callable[[Any], bytes]] = {
        "first": lambda value: str(value).lower().encode(),
        "fingerprint": bytes.fromhex,
        "state": lambda value: canonical(value) if isinstance(value, dict) else bytes.fromhex(value.removeprefix("\\x")),
    }
    return [None if event[name] is None else plain.get(name, lambda value: str(value).encode())(event[name]) for name in COLUMNS]


def event_leaf(event: Event) -> bytes:
    return leaf_of(columns_of(event))


def ledger_stream(account: str) -> str:
    return str(uuid.uuid5(LEDGERS, account))


@dataclass
class Log:
    """Events, and whatever can be made of them. The signer holds the only key."""

    seed: int = 7
    signer: Signer = field(default_factory=Signer)
    incarnation: int = 1
    events: list[Event] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    salts: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.accounts = [self.id() for _ in range(3)]

    @property
    def origin(self) -> str:
        return f"{self.signer.name}/{self.incarnation}"

    def id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def append(self, topic: str, state: Any, *, stream: str | None = None, account: str | None = None, **columns: Any) -> Event:
        """One more event; *columns* are those that are not the usual ones."""
        position, stream = len(self.events) + 1, stream or self.id()
        self.versions[stream] = self.versions.get(stream, 0) + 1
        event = dict.fromkeys(COLUMNS, None) | {
            "position": position, "stream": stream, "version": self.versions[stream], "topic": topic, "account_id": account,
            "recorded_at": f"2026-11-21T09:{position // 60 % 60:02}:{position % 60:02}.{position:06}Z", "actor": f"account:{account}",
            "correlation": f"request-{position}", "command_id": self.id(), "first": True, "state": state, **columns,
        }  # fmt: skip
        self.events.append(event)
        return event

    def move(self, account: str, topic: str, *, available: int, held: int = 0, outside: int = 0, book: str = "") -> Event:
        """A ledger entry."""
        postings = {"available": available, "held": held, "owed": 0, "outside": outside, "book": book}
        state = {"amount": abs(available), "timestamp": "2026-11-21T09:00:00.000000Z", "words": "ein Brötchen “für” 3 €\n\u2028😀"}
        return self.append(topic, state, stream=ledger_stream(account), account=account, **postings)

    def live(self, rounds: int) -> "Log":
        """Grants, holds, charges, and facts about other things between them."""
        for account in self.accounts:
            self.append("credits.account_opened", {"account_id": account}, stream=ledger_stream(account), account=account)
            self.move(account, "credits.granted", available=100, outside=-100, book="issued:welcome")
        for number in range(rounds):
            account = self.chance.choice(self.accounts)
            self.move(account, "credits.held", available=-5, held=5)
            self.append("generations.started", {"number": number, "nested": [[], {}, None, True]}, account=account, causation=1)
            self.move(account, "credits.hold_captured", available=2, held=-5, outside=3, book="revenue:image")
            self.append("shop:Order.Paid", "\\x" + self.chance.randbytes(9).hex(), first=True, fingerprint="00ff", status=201, result="[1]")
        return self

    def balances(self, upto: int) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for event in self.events[:upto]:
            if event["book"] is not None:
                sums = found.setdefault(event["account_id"], [0, 0, 0])
                sums[:] = [total + event[name] for total, name in zip(sums, ("available", "held", "owed"), strict=True)]
        return found

    def balance_leaves(self, upto: int) -> list[bytes]:
        found = self.balances(upto)
        for account in sorted(found):
            self.salts.setdefault(f"{account} {upto}", self.chance.randbytes(32))
        return [
            leaf_of([self.salts[f"{account} {upto}"], account.encode(), *(str(amount).encode() for amount in found[account])])
            for account in sorted(found)
        ]

    def seal(self) -> Event:
        """Commits to all balances."""
        upto = len(self.events)
        leaves = self.balance_leaves(upto)
        state = {"accounts": len(leaves), "position": upto, "root": b64(root_of(leaves)), "timestamp": "2026-11-21T10:00:00.000000Z"}
        return self.append("notary.balances_sealed", state, stream=NOTARY)

    def restored(self) -> Event:
        """Begins the next incarnation."""
        self.incarnation += 1
        return self.append("notary.log_restored", {"incarnation": self.incarnation, "lost_from": len(self.events)}, stream=NOTARY)

    def leaves(self, size: int | None = None) -> list[bytes]:
        return [event_leaf(event) for event in self.events[:size]]

    def note(self, size: int | None = None, incarnation: int | None = None) -> str:
        leaves = self.leaves(size)
        return self.signer.note(f"{self.signer.name}/{incarnation or self.incarnation}", len(leaves), root_of(leaves))

    def path(self, position: int, size: int | None = None) -> list[str]:
        return [b64(each) for each in path_of(self.leaves(size), position - 1)]

    def entry_proof(self, position: int, size: int | None = None) -> Json:
        proof = {"format": "daybook-proof/1", "type": "entry", "checkpoint": self.note(size)}
        return {**proof, "entry": self.events[position - 1], "path": self.path(position, size)}

    def balance_proof(self, account: str, seal: Event, size: int | None = None) -> Json:
        upto = seal["state"]["position"]
        order, sums = sorted(self.balances(upto)), self.balances(upto)[account]
        index = order.index(account)
        proof = {"format": "daybook-proof/1", "type": "balance", "checkpoint": self.note(size), "seal": seal}
        proof["seal_path"] = self.path(seal["position"], size)
        proof["path"] = [b64(each) for each in path_of(self.balance_leaves(upto), index)]
        salt = b64(self.salts[f"{account} {upto}"])
        amounts = {"available": sums[0], "held": sums[1], "owed": sums[2]}
        return {**proof, "balance": {"account": account, "index": index, "salt": salt, **amounts}}

    def consistency_proof(self, old: int, new: int | None = None) -> Json:
        proof = {"format": "daybook-proof/1", "type": "consistency", "from": self.note(old), "to": self.note(new)}
        return {**proof, "path": [b64(each) for each in consistency_of(self.leaves(new), old)]}

    def export(self, *sizes: int) -> list[Json]:
        """The lines of an export with checkpoints of *sizes*, without its end. Each is signed under the incarnation of its time."""
        lines = self._opening(None)
        incarnation = 1
        for event in self.events:
            incarnation = event["state"]["incarnation"] if event["topic"] == "notary.log_restored" else incarnation
            lines.append({"type": "event", **event})
            if event["position"] in sizes:
                lines.append({"type": "checkpoint", "note": self.note(event["position"], incarnation)})
        return lines

    def account_export(self, account: str, size: int) -> list[Json]:
        """The same, of one account."""
        lines = [*self._opening(account), {"type": "checkpoint", "note": self.note(size)}]
        for event in self.events:
            if event["account_id"] == account:
                sealed = event["position"] <= size
                lines.append({"type": "event", **event, "path": self.path(event["position"], size) if sealed else None})
        return lines

    def _opening(self, account: str | None) -> list[Json]:
        header = {"type": "header", "format": "daybook-export/1", "origin": self.origin, "account": account, "head": len(self.events)}
        return [header, {"type": "key", "vkey": self.signer.vkey}]


def exported(lines: Sequence[Json]) -> bytes:
    """*lines* as a file, with the end that belongs to them."""
    body = b"".join(map(line, lines))
    events = sum(each["type"] == "event" for each in lines)
    return body + line({"type": "end", "events": events, "sha256": hashlib.sha256(body).hexdigest()})
