"""Table of contents: every command of the house and its handler."""

from domain.accounts.handlers import HANDLERS as ACCOUNTS
from domain.assets.handlers import HANDLERS as ASSETS
from domain.credits.handlers import HANDLERS as CREDITS
from domain.erasure.handlers import HANDLERS as ERASURE
from domain.generations.handlers import HANDLERS as GENERATIONS
from domain.kernel.commands import Command, Handler
from domain.notary.handlers import HANDLERS as NOTARY
from domain.operators.handlers import HANDLERS as OPERATORS
from domain.orders.handlers import HANDLERS as ORDERS
from domain.provider_keys.handlers import HANDLERS as PROVIDER_KEYS
from domain.schedules.handlers import HANDLERS as SCHEDULES
from domain.subscriptions.handlers import HANDLERS as SUBSCRIPTIONS
from domain.webhooks.handlers import HANDLERS as WEBHOOKS

HANDLERS: dict[type[Command], Handler] = {
    **ACCOUNTS,
    **ASSETS,
    **CREDITS,
    **ERASURE,
    **GENERATIONS,
    **NOTARY,
    **OPERATORS,
    **ORDERS,
    **PROVIDER_KEYS,
    **SCHEDULES,
    **SUBSCRIPTIONS,
    **WEBHOOKS,
}
