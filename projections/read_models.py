"""Table of contents: every read model of this build."""

from projections.accounts.accounts import MODEL as ACCOUNTS
from projections.accounts.api_tokens import MODEL as API_TOKENS
from projections.assets.assets import MODEL as ASSETS
from projections.credits.balances import MODEL as BALANCES
from projections.credits.ledger_entries import MODEL as LEDGER_ENTRIES
from projections.generations.generations import MODEL as GENERATIONS
from projections.kernel.model import ReadModel
from projections.orders.orders import MODEL as ORDERS
from projections.schedules.schedules import MODEL as SCHEDULES
from projections.subscriptions.subscriptions import MODEL as SUBSCRIPTIONS
from projections.usage.usage_daily import MODEL as USAGE_DAILY
from projections.webhooks.webhook_endpoints import MODEL as WEBHOOK_ENDPOINTS

READ_MODELS: dict[str, ReadModel] = {
    "accounts": ACCOUNTS,
    "api_tokens": API_TOKENS,
    "assets": ASSETS,
    "balances": BALANCES,
    "generations": GENERATIONS,
    "ledger_entries": LEDGER_ENTRIES,
    "orders": ORDERS,
    "schedules": SCHEDULES,
    "subscriptions": SUBSCRIPTIONS,
    "usage_daily": USAGE_DAILY,
    "webhook_endpoints": WEBHOOK_ENDPOINTS,
}
