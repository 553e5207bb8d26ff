"""`daybook audit verify`: the whole log, checked with code that shares nothing with the read models."""

import time
from enum import Enum
from pathlib import Path

import typer

from daybook.cli.exits import FAILED, OK, USAGE, Stop

VERIFY_EXAMPLE = (
    "\b\nExample:\n  daybook audit verify && echo intact\n"
    "  daybook audit verify --key daybook.key --checkpoint kept.checkpoint --format json"
)


class Form(str, Enum):
    """For people, or for programs."""

    text = "text"
    json = "json"


def verify(
    form: Form = typer.Option(Form.text, "--format", help="How to say it."),
    key: Path | None = typer.Option(None, "--key", help="Public keys that you kept, one a line; only these may have signed."),
    checkpoint: list[Path] = typer.Option([], "--checkpoint", help="A checkpoint that you kept; needs --key. May be repeated."),
) -> int:
    """Replay the log from position 1 and compare everything that can be compared.

    Sums, signs, holds, one money story per generation, every checkpoint's root and signature, and every read model with its
    recomputation. The first difference is named. Exit code 0: all agrees, 1: something differs, 2: a file cannot be used.
    """
    from daybook.cli.terminal import bar
    from daybook.settings import from_environment
    from daybook.up.reach import reached
    from daybook.verification import json_of, lines_of, remembered, report_of
    from projections.audit.sealed.notes import NoteRefused

    if checkpoint and key is None:
        raise Stop("--checkpoint needs --key: a checkpoint is worth what its signature is", USAGE)
    try:
        kept = remembered(_text(key).splitlines() if key else [], map(_text, checkpoint))
    except NoteRefused as error:
        raise Stop(f"what you kept cannot be used: {error}", USAGE) from error
    with reached(from_environment(), redis=False) as settings, bar("checking", beside=form is Form.json) as advance:
        begun = time.monotonic()
        report = report_of(settings, advance, kept=kept)
        seconds = time.monotonic() - begun
    for line in [json_of(report, seconds)] if form is Form.json else lines_of(report, seconds):
        typer.echo(line)
    return OK if report.ok else FAILED


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{path} cannot be read: {error}", USAGE) from error
