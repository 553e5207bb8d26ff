"""The catalogue: what can be asked for, and what it costs."""

from collections.abc import Collection

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.own_keys import own_key_rate, own_keys
from api.shapes.models import Model, ModelQuery, Models, shown_model
from domain.providers.catalogue import Model as Row


async def listed(call: Call, query: ModelQuery) -> Answer:
    """All models, by id, priced as they cost you: on a key of your own where you have one.

    Models whose provider this installation has no key for are listed too; `needs_key` until you bring one (`PUT /v1/provider-keys/…`).
    """
    platform, yours = call.platform, await own_keys(call)
    rows = [row for row in platform.catalogue.models if not query.kind or row.kind in query.kind]
    return ok(Models(data=[_shown(call, row, yours) for row in rows], next_cursor=None))


def _shown(call: Call, row: Row, yours: Collection[str]) -> Model:
    catalogue, counts = call.platform.catalogue, row.provider in call.platform.own_key_providers
    own_rate = own_key_rate(call, row) if counts and row.provider in yours else None
    return shown_model(catalogue, row, own_rate, needs_key=counts and own_rate is None and row.provider not in catalogue.open_providers)
