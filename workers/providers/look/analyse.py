"""From pictures and a question to an answer. Pure: the same request gives the same answer."""

import json
from collections.abc import Sequence
from typing import Any

from workers.providers.look.answer import answer, asks_for_place, describe
from workers.providers.look.compare import compare
from workers.providers.look.fill import Filler
from workers.providers.look.measure import measure
from workers.providers.look.schema import check_schema, fits, refused


def analyse(inputs: Sequence[bytes], question: str, schema: dict[str, Any] | None) -> dict[str, Any]:
    """{"text", "data"}: data fits *schema*, or are the measured facts.   Raises ProviderFailure for a schema it cannot fit."""
    if schema is not None:
        check_schema(schema)
    place = asks_for_place(question) or asks_for_place(_plain(schema))
    pictures = [measure(data, place=place) for data in inputs]
    comparisons = [compare(inputs[0], other) for other in inputs[1:]]
    text = answer(question, pictures, comparisons)
    if schema is None:
        return {"text": text, "data": {"pictures": pictures, "comparison": comparisons}}
    filler = Filler(pictures[0] | {"pictures": pictures, "comparison": comparisons, "text": text if question else describe(pictures[0])})
    data = filler.value(schema)
    if not fits(data, schema):
        raise refused("No answer could be fitted to the schema.")
    unknown = f" Not measurable, so empty: {', '.join(dict.fromkeys(filler.unknown))}." if filler.unknown else ""
    return {"text": text + unknown, "data": data}


def _plain(schema: dict[str, Any] | None) -> str:
    return json.dumps(schema).replace("_", " ") if schema else ""
