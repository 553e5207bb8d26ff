"""Answers in words, as the outputs of analyses."""

import re
from typing import Any

import msgspec

from workers.providers.wire.failures import failed
from workers.providers.wire.fits import fits

#: Models like to wrap JSON for a reader who does not want it wrapped.
FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


def fitted(text: str, schema: dict[str, Any] | None) -> dict[str, Any]:
    """`{"text"}`, and `data` where a schema was asked for.   Raises ProviderFailure when it is no JSON object then, or does not fit."""
    if schema is None:
        return {"text": text}
    fenced = FENCED.fullmatch(text)
    try:
        data = msgspec.json.decode(fenced[1] if fenced else text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise failed("no_output") from error
    if not isinstance(data, dict) or not fits(data, schema):
        raise failed("no_output")
    return {"data": data, "text": text}
