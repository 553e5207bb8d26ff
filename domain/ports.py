"""Everything outside, as the rest of the house sees it. `infra` implements these; `daybook/bootstrap.py` wires them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable
from uuid import UUID

import msgspec

from domain.assets.media import Examined
from domain.assets.storage import SignedObject
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.facts import Fact, Root
from domain.kernel.limits import UPLOAD_BYTES_MAX
from domain.outgoing.answers import Fetched, Posted
from domain.providers.jobs import Job, Parked, Report, Result, Running, Say, unheard, unsaid

Aggregate = TypeVar("Aggregate", bound=Root)


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, UTC."""


class Ids(Protocol):
    def new(self) -> UUID:
        """A new UUIDv7."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the log holds it: the fact and its columns."""

    position: int
    stream: UUID
    version: int
    topic: str
    recorded_at: datetime
    actor: str
    account_id: UUID | None
    correlation: str
    causation: int | None
    command_id: UUID
    fact: Fact


class Journal(Protocol):
    """The event store. One writer per process; every decision goes through `execute`."""

    async def execute(self, command: Command, context: Context) -> Receipt:
        """Decide *command* and append what follows, in one commit that also holds claims and work rows.

        Cancelling the caller never cancels the command. Raises the domain's refusals, IdempotencyKeyReused (same
        command id, other fingerprint), JournalBusy (queue full), OutcomeUnknown (connection lost for too long), ClockSkew.
        """

    async def load(self, kind: type[Aggregate], stream: UUID, *, until: int | None = None, fresh: bool = True) -> Aggregate | None:
        """The aggregate as of now, or as of log position *until*. None when it did not exist.

        Not *fresh*: as this process last saw it is enough, because what is wanted of it never changes.
        """

    async def load_all(self, kind: type[Aggregate], streams: Collection[UUID]) -> Mapping[UUID, Aggregate]:
        """Those of *streams* that exist, as this process last saw them or as of now, in one look at the log. They are remembered.

        What is just being appended to may be left out.
        """

    def seen(self, kind: type[Aggregate], stream: UUID, *, at: int) -> Aggregate | None:
        """The aggregate as of log position *at*, if this process has just that. Not a copy: to be looked at before the next `await`."""

    async def receipt(self, command_id: UUID) -> Receipt | None:
        """What an earlier command with this id did. Used to answer a replay before any limit is counted."""

    async def claimed(self, claim: str) -> UUID | None:
        """The stream a unique claim points to, such as `email:<index>` or `api_token:<hash>`."""

    async def version(self, stream: UUID) -> int:
        """The version of the stream's last event; 0 when it has none."""

    async def head(self) -> int:
        """The position of the last event; 0 for an empty log."""

    async def last_position(self, account_id: UUID) -> int:
        """The position of the account's last event; 0 when it has none."""

    async def read(self, after: int, limit: int) -> list[Recorded]:
        """At most *limit* events after position *after*, in order, without holes."""

    async def stream(self, stream: UUID) -> list[Recorded]:
        """All events of one stream, in order (the timeline of a generation)."""

    async def of_account(self, account_id: UUID, topics: Collection[str], *, after: int, limit: int) -> list[Recorded]:
        """At most *limit* events of an account after position *after* that have one of *topics*, in order."""


class Tail(Protocol):
    """One per process: follows the log and wakes whoever waits in this process."""

    @property
    def position(self) -> int:
        """How far this process has seen."""

    def follow(
        self, *, account_id: UUID | None = None, stream: UUID | None = None, feature: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Recorded]]:
        """New events of an account, a stream or a feature ("accounts") from now on. Subscribe first, then read the state, then iterate."""


class SubjectKey(Protocol):
    """One account's data key. Everything its owner wrote is sealed with it; destroying it erases the owner."""

    def seal(self, plaintext: str, *, about: str = "") -> str:
        """AES-256-GCM, a new nonce each time; printable text `s1.<base64url>`. *about*: what it is bound to beside the account."""

    def open(self, sealed: str, *, about: str = "") -> str:
        """Raises Erased when the key is destroyed, ValueError when the text was altered."""

    def fingerprint(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of *data*, 32 bytes: the idempotency fingerprint."""

    def index(self, word: str) -> str:
        """A short keyed hash (16 hex characters) by which a sealed word, such as a tag, can be found."""


class Vault(Protocol):
    """Keys. Subject keys are wrapped by a key epoch; DAYBOOK_SECRET_KEY derives every other purpose by HKDF."""

    async def create(self, account_id: UUID) -> SubjectKey:
        """Make and store the key of a new account, before its first event."""

    async def key(self, account_id: UUID) -> SubjectKey:
        """Cached for at most 60 s.   Raises Erased."""

    async def destroy(self, account_id: UUID) -> None:
        """Destroy the account's key for ever: the erasure of all that was sealed with it. Other processes may use it for 60 s more."""

    def email_index(self, email: str) -> str:
        """The keyed index of a case-folded, NFC-normalised e-mail address (hex)."""

    def sign(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under the key of *purpose* ("cursor", "object-url")."""

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        """Constant-time check of `sign`, also under the previous secret key while one is set."""

    def token_keys(self) -> Sequence[bytes]:
        """HS256 keys for access tokens: the current one first, then the previous."""

    async def standing(self, purpose: str) -> bytes:
        """A secret of 32 bytes that stays the same through every change of the secret key, made on first use."""


class ObjectInfo(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    bytes: int
    modified_at: datetime


class ObjectStore(Protocol):
    """Where bytes live. Keys are `/`-separated words of [a-z0-9._-]; the store never sees a caller's file name in a key."""

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        """Durable when it returns; a reader sees the whole object or none."""

    async def get(self, key: str) -> bytes:
        """Raises ObjectMissing."""

    def staging(self) -> AbstractAsyncContextManager[Path]:
        """Where a new file may be written before it is `put`. What is there when the block ends goes; a killed process's is swept."""

    def file(self, key: str) -> AbstractAsyncContextManager[Path]:
        """The object as a file to read until the block ends.   Raises ObjectMissing."""

    async def stat(self, key: str) -> ObjectInfo | None: ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Deleting what is not there is fine."""

    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]: ...

    def url(self, key: str, *, now: datetime, expires_seconds: int, content_type: str, filename: str | None = None) -> str:
        """An absolute signed URL that serves GET and Range until it expires; `inline` for raster images, audio, video.

        A directory serves HEAD too; S3 binds a URL to its method.
        """

    async def sweep(self, *, now: datetime) -> int:
        """Delete what killed writers left unfinished, once it is old enough. How many."""

    async def check(self) -> None:
        """Raise StoreUnavailable when the store cannot be used."""


class Media(Protocol):
    """Files that others sent, looked at in child processes: a decoder may be attacked, and what is slow stalls nobody else."""

    async def examine(self, source: Path | bytes, declared: str | None = None, *, bytes_max: int = UPLOAD_BYTES_MAX) -> Examined:
        """What the file (or these bytes) is, by itself; *declared* is what its sender calls it.

        Raises MediaRejected, MediaBusy, ChildDied.
        """

    async def rendition(self, source: Path | bytes, content_type: str, *, width: int, format: str) -> bytes:
        """An image *width* pixels wide, never wider than it is, as "jpeg", "png" or "webp".   As `examine` raises."""


class ObjectServing(Protocol):
    """What the route `/objects/<key>` needs while objects live in a directory. S3 serves its URLs itself."""

    async def verify(self, key: str, query: Mapping[str, str], *, now: datetime) -> SignedObject:
        """What this signed URL serves.   Raises SignedUrlRefused (altered or expired), ObjectMissing, StoreUnavailable."""


class Provider(Protocol):
    """An AI provider's adapter. One instance per process; safe for many generations at once."""

    async def generate(self, job: Job, report: Report = unheard, say: Say = unsaid) -> Result:
        """Raises ProviderFailure for a definite answer, anything else for a defect. A streamed text is told to *say* as it comes."""

    async def close(self) -> None: ...


@runtime_checkable
class LongProvider(Protocol):
    """An adapter whose jobs take minutes: they are submitted, parked without anybody waiting, and looked after from time to time."""

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        """Raises ProviderFailure; with `outcome_unknown` when the provider may have taken the job."""

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        """Without inputs in *job*. A look that fails is answered with Running: what is raised is about the job itself, or the key.

        Raises ProviderFailure; when it is retryable the job has failed, and the same request may be submitted anew.
        """

    async def cancel(self, job: Job, parked: Parked) -> None:
        """As far as the provider can.   Raises ProviderFailure when it cannot."""

    async def look_up(self, job: Job) -> Parked | None:
        """The job that an earlier submit of this generation left, if there is one.   Raises LookUpUnsupported, ProviderFailure."""

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Whether a callback is to be believed. It only wakes: the job is always read again."""

    async def close(self) -> None: ...


class Outgoing(Protocol):
    """Requests to URLs that somebody else named: public addresses only, judged anew at each call and each redirect."""

    async def check(self, url: str) -> None:
        """Raises UrlRefused when *url* may not be called as things stand now."""

    async def fetch(self, url: str, *, bytes_max: int) -> Fetched:
        """GET, at most three redirects on.   Raises UrlRefused, FetchFailed."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Posted:
        """POST of exactly *body*; a redirect is an answer like others and never followed.   Raises UrlRefused, PostFailed."""


class Progress(Protocol):
    """How far running generations are. Only a hint: it may be late or lost, and nobody waits for it."""

    def tell(self, generation_id: UUID, share: float, *, account_id: UUID | None = None) -> None:
        """*share* from 0 to 1. Who follows *account_id* hears it at once. Returns at once and never fails."""

    async def of(self, generation_ids: Sequence[UUID]) -> dict[UUID, float]:
        """Those that something is known of."""


class Passwords(Protocol):
    """bcrypt in a bounded thread pool, so that a login storm never starves the event loop."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """With None (no such account) it hashes a dummy, so that both answers take the same time."""


class Connections(Protocol):
    """A bounded pool of PostgreSQL connections in autocommit for short reads."""

    def connection(self, timeout: float | None = None) -> AbstractAsyncContextManager[Any]: ...


class Tracing(Protocol):
    """Spans of one request and of what follows from it, in whichever process. A trace is called by its correlation."""

    #: False: nothing is traced, so nobody need ask what belongs together.
    on: bool

    def ended(self, name: str, *, trace: str, seconds: float, place: str, within: str | None, failed: str | None, **facts: str) -> None:
        """Something that took *seconds* ends now; *failed*: what went wrong. Never waits and never fails.

        *place* is what the span is called in its trace, *within* the place of the span around it; the request's own place is "".
        """


class Untraced:
    """Implements `Tracing` where nobody looks."""

    on = False

    def ended(self, name: str, *, trace: str, seconds: float, place: str, within: str | None, failed: str | None, **facts: str) -> None:
        """Nothing is kept."""
