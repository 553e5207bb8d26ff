"""What an operator does about keys: look whether the previous secret key can be dropped, and move everything off it."""

from datetime import datetime, timedelta

from daybook.bootstrap import Ground, ground
from daybook.settings import Settings
from infra.secrets.keeping import KeyKeeper
from infra.secrets.status import SecretsStatus, status_of
from projections.notary.keys import signing_key

ROLE = "command"


async def secrets_status(settings: Settings) -> SecretsStatus:
    async with ground(settings, ROLE) as base:
        return await _status(base)


async def rewrap_secrets(settings: Settings) -> SecretsStatus:
    """Everything under the secret key in force; how it stands then."""
    async with ground(settings, ROLE) as base:
        keeper = KeyKeeper(base.vault.epochs, retention=timedelta(days=settings.backup_days))
        now = base.clock.now()
        await keeper.rewrap()
        await keeper.move_subjects(now=now)
        if any(each.what == "notary keys" for each in (await _status(base)).hanging):
            async with base.reads.connection() as connection:
                await signing_key(connection, base.vault.epochs.keyring, settings.log_name)
        return await _status(base)


async def _status(base: Ground) -> SecretsStatus:
    return await status_of(base.reads, base.vault.epochs.keyring.epoch)


def lines_of(status: SecretsStatus) -> list[str]:
    """For people."""
    lines = [f"secret key in force: {status.current}"]
    for each in status.hanging:
        lines.append(f"  {each.keys} {each.what} under {'it' if each.secret_key == status.current else each.secret_key}")
    for epoch, begun, emptied, destroyed, living in status.epochs:
        state = f"destroyed {_day(destroyed)}" if destroyed else f"empty since {_day(emptied)}" if emptied else f"{living} living keys"
        lines.append(f"epoch {epoch}, begun {_day(begun)}: {state}")
    lines.append(
        "DAYBOOK_SECRET_KEY_PREVIOUS can be dropped, once every process runs with the new key."
        if status.behind == 0
        else f"{status.behind} still need the previous secret key: daybook secrets rewrap"
    )
    return lines


def _day(at: datetime) -> str:
    return at.date().isoformat()
