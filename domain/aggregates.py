"""Table of contents: every aggregate. Importing this module registers all topics, so every process imports it."""

from domain.accounts.account import Account
from domain.assets.asset import Asset
from domain.credits.credit_account import CreditAccount
from domain.generations.generation import Generation
from domain.kernel.facts import Root
from domain.notary.notary import Notary
from domain.operators.desk import Desk
from domain.orders.order import Order
from domain.provider_keys.provider_keys import ProviderKeys
from domain.schedules.schedule import Schedule
from domain.subscriptions.subscription import Subscription
from domain.webhooks.webhooks import Webhooks

AGGREGATES: tuple[type[Root], ...] = (
    Account,
    Asset,
    CreditAccount,
    Desk,
    Generation,
    Notary,
    Order,
    ProviderKeys,
    Schedule,
    Subscription,
    Webhooks,
)
