"""Everything that is held of a person, as one document."""

from typing import Any, Literal

from api.kit.shapes import Count, Moment, Shown
from api.shapes.accounts import Account
from api.shapes.api_tokens import ApiToken
from api.shapes.assets import Asset
from api.shapes.credits import Balance, LedgerEntry
from api.shapes.generations import Generation
from api.shapes.purchases import Purchase
from api.shapes.subscriptions import Subscription
from api.shapes.webhooks import WebhookEndpoint


class ExportedAsset(Shown):
    """`download` serves the bytes for a day, without a credential."""

    asset: Asset
    download: str


class ExportedFact(Shown):
    """One fact of the log about you, opened. Hashes of passwords and tokens are left out."""

    position: Count
    topic: str
    recorded_at: Moment
    fact: dict[str, Any]


class ExportedSession(Shown):
    """A log-in. No address is kept of it."""

    created_at: Moment
    expires_at: Moment
    ended_at: Moment | None
    ended_by: str | None


class PersonalExport(Shown):
    """`log` holds everything, also what the other parts do not show, such as reasons, and words of what you deleted."""

    format: Literal["daybook-personal-export/1"]
    exported_at: Moment
    account: Account
    balance: Balance
    api_tokens: list[ApiToken]
    assets: list[ExportedAsset]
    generations: list[Generation]
    ledger: list[LedgerEntry]
    purchases: list[Purchase]
    subscriptions: list[Subscription]
    webhook_endpoints: list[WebhookEndpoint]
    sessions: list[ExportedSession]
    log: list[ExportedFact]
