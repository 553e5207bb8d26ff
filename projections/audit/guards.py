"""Which table is checked by `audit verify`, and what guards each of those that are not. Every table is in one of the two lists."""

from collections.abc import Mapping

from projections.audit.recomputed import balances, ledger_entries, usage_daily
from projections.audit.stream_pass import BY_STREAMS

#: Every row and column of these is compared with what follows from the log.
READ_MODEL_TABLES = frozenset(
    {ledger_entries.TABLE, *balances.TABLES, usage_daily.TABLE, *(model.table for model in BY_STREAMS)},
)

#: Table -> the columns that nothing in the log or under a signature speaks of. All the others are checked.
CHECKED_BUT_FOR: Mapping[str, tuple[str, ...]] = {
    "journal.events": (),
    # When the signature was made, and when the object store had it, is only said here. A checkpoint that is taken away
    # altogether is missed by the log once balances were sealed after it; until then by whoever kept a copy: the object store,
    # a witness, an auditor (`--checkpoint`).
    "proofs.checkpoints": ("published_at", "signed_at"),
    # The wrapped private half is guarded by its own encryption: altered, it cannot be unwrapped. A key that has signed nothing
    # yet is not missed.
    "proofs.keys": ("created_at", "epoch", "number", "retired_at", "wrapped"),
    "proofs.log": ("begun_at",),
    "proofs.nodes": (),
    # Why the notary does not sign; it looks again by itself.
    "proofs.tree": ("refusal", "single"),
    # How the projector is doing. A wrong position shows in the rows that are missing, or too many.
    "read.models": ("error", "position", "state", "updated_at"),
    **dict.fromkeys(sorted(READ_MODEL_TABLES), ()),
}

#: Operational tables: what they hold does not follow from the log alone, or does not matter for long. Table -> what guards it.
OPERATIONAL: Mapping[str, str] = {
    "access.refresh_tokens": "only hashes of tokens; a forged row needs a token that was never given out; each is used once and lapses",
    "access.sessions": "an ended or forged session changes no fact: what is done in it is in the log, with its actor",
    "dispatch.limits": "written anew from the settings and the catalogue at each start",
    "dispatch.providers": "what was seen of providers lately; forgotten, it is seen again",
    "dispatch.queues": "a pause is seen by everyone who waits; deadlines end what waits too long",
    "dispatch.submits": "the last seconds of submits; a forged row only makes a submit wait",
    "dispatch.work": "made again from the log at any time; what a worker does on it is fenced by the version of the generation's stream",
    "dispatch.workers": "heartbeats; a row without them is forgotten",
    "journal.claims": "kept unique by its key and written with its fact; without a claim the fact itself is still in the log",
    "journal.migrations": "checksums of the migrations, compared at each start",
    "journal.segments": "each file is read and checked by itself, down to a signed checkpoint, before anything is taken from it",
    "journal.snapshots": "disposable: deleting them costs time only; a fact decided on a forged one breaks a rule of the ledger here",
    "vault.epochs": "wrapped keys: altered, they cannot be unwrapped; what they seal cannot be read then, and no amount changes",
    "vault.provider_keys": "sealed with the owner's key, under his account and the provider's name: altered or moved, it cannot be opened",
    "vault.standing_keys": "wrapped keys: altered, they cannot be unwrapped",
    "vault.subject_keys": "wrapped keys: altered, they cannot be unwrapped; the ciphertext in the log stays under its proofs",
    "webhooks.attempts": "a log of calls, kept for a while; nothing is decided on it",
    "webhooks.deliveries": "what is still to be told, and what was; each is signed anew when it is sent, and may be told twice",
    "webhooks.failing": "since when an endpoint takes nothing; that it was disabled is in the log",
    "webhooks.follower": "how far the log was read; moved back, deliveries are made again under the same ids",
    "webhooks.generations": "which open generations are told somewhere of their own; where, stands sealed in the log only",
    "webhooks.subscribers": "who is told what; where and under which secret stands sealed in the log only",
}
