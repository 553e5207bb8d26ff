"""The book, checked, in words and as JSON."""

import asyncio
import hmac
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import psycopg

from daybook.archiving import is_archived, look
from daybook.schema import direct_url
from daybook.settings import Settings
from infra.archive.segment import SegmentDamaged
from infra.secrets.keyring import Keyring
from projections.audit.report import Difference, Report
from projections.audit.sealed.notes import key_of, read
from projections.audit.sealed.seals import Salt
from projections.audit.verify import Means, Remembered, verify_now

# The secret of the salts in sealed balances, wrapped; there is none before balances are sealed for the first time.
SECRET = "SELECT epoch, wrapped FROM vault.standing_keys WHERE purpose = 'balance salts'"

Advance = Callable[[int, int], None]


def remembered(keys: Iterable[str], checkpoints: Iterable[str]) -> Remembered:
    """What somebody kept: lines of `daybook audit key`, and notes. A note must be signed by one of the keys.

    Raises NoteRefused.
    """
    known = [key_of(line) for line in keys if line.strip()]
    return Remembered(known, [read(note, known) for note in checkpoints])


def report_of(settings: Settings, advance: Advance, *, kept: Remembered) -> Report:
    """What verify finds. *advance* is told (done, of) now and then.   Raises psycopg.Error, StoreUnavailable."""
    dsn = direct_url(settings)
    means = Means(remembered=kept, salt=_salt(settings, dsn))
    if not is_archived(settings):
        return verify_now(dsn, advance, means=means)
    with TemporaryDirectory(prefix="daybook-archive-") as folder:
        try:
            asyncio.run(look(settings, lambda done, of: None, spool=Path(folder)))
        except SegmentDamaged as damage:
            difference = Difference(where="archive", what=damage.why, position=damage.position)
            return Report(ok=False, events=0, models={}, first_difference=difference)
        return verify_now(dsn, advance, means=means._replace(spool=Path(folder)))


def verified(settings: Settings, advance: Advance = lambda done, of: None) -> tuple[list[str], bool]:
    """What to say, and whether everything agrees."""
    report = report_of(settings, advance, kept=Remembered())
    return lines_of(report), report.ok


def lines_of(report: Report, seconds: float | None = None) -> list[str]:
    """*report* for people."""
    if not report.ok:
        return ["audit verify: differs", f"  {report.first_difference}"]
    took = "" if seconds is None else f" in {seconds:.1f} s"
    compared = [f"{name} agrees at position {position}" for name, position in report.models.items()]
    return ["audit verify: ok", *(f"  {line}" for line in (f"{report.events} events replayed{took}", *_sealed(report), *compared))]


def json_of(report: Report, seconds: float) -> str:
    """*report* for programs: one object."""
    return msgspec.json.encode({**msgspec.to_builtins(report), "duration_seconds": round(seconds, 3)}, order="sorted").decode()


def _sealed(report: Report) -> Sequence[str]:
    sealed = report.sealed
    if sealed is None:
        return ["no checkpoint yet: nothing but the rules guards these events"]
    balances = f"balances sealed {report.balance_seals} times, {report.balance_roots} of the roots made again"
    return [
        f"origin {sealed.origin}",
        f"root {sealed.root} over {sealed.size} events, the last of {sealed.checkpoints} checkpoints",
        f"{report.unsealed} events not yet under a checkpoint",
        *([balances] if report.balance_seals else []),
    ]


def _salt(settings: Settings, dsn: str) -> Salt | None:
    """How the notary salts balances; None when it has sealed none."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(SECRET).fetchone()
    if row is None:
        return None
    previous = settings.secret_key_previous
    keyring = Keyring(settings.secret_key(), previous.encode() if previous else None)
    secret = keyring.unwrap(row[0], row[1], b"balance salts")
    return lambda account_id, position: hmac.digest(secret, f"{account_id}:{position}".encode(), "sha256")
