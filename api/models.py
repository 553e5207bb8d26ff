"""The catalogue: what can be asked for, and what it costs."""

from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.shapes.models import ModelQuery, Models, shown_model


async def listed(call: Call, query: ModelQuery) -> Answer:
    """All models, by id."""
    catalogue = call.platform.catalogue
    rows = [row for row in catalogue.models if not query.kind or row.kind in query.kind]
    return ok(Models(data=[shown_model(catalogue, row) for row in rows], next_cursor=None))
