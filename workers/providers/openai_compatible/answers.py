"""What comes back: images as data URLs, base64 or links, and the many ways in which a 200 is no success."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

import msgspec

from domain.providers.jobs import Artefact, ProviderFailure
from workers.providers.openai_compatible.failures import failure_of_body

DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+)?(?:;[a-z0-9=.-]+)*;base64,", re.IGNORECASE)
#: Reasons to finish, of gateways and of the models behind them, that mean: we will not draw this.
REFUSED = frozenset(
    {"content_filter", "safety", "prohibited_content", "blocklist", "spii", "recitation", "language", "image_safety",
     "image_prohibited_content", "image_recitation", "refusal"}
)  # fmt: skip


class Link(msgspec.Struct, frozen=True):
    """An image that has still to be fetched."""

    url: str


def images_of(body: bytes) -> list[Artefact | Link]:
    """The images of a 200 answer, at least one.   Raises ProviderFailure."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable() from error
    if not isinstance(document, dict):
        raise _unreadable()
    choices, rows = document.get("choices"), document.get("data")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    for place in (document, choice):
        if place.get("error"):
            raise failure_of_body(200, place)
    found = _of_choice(choice) if choices else _of_rows(rows, document)
    if not found:
        raise ProviderFailure("no_output", "The provider answered without an image.")
    return found


def _of_choice(choice: dict[str, Any]) -> list[Artefact | Link]:
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {}
    parts = [part for key in ("images", "content") if isinstance(message.get(key), list) for part in message[key]]
    found = [image for part in parts if (image := _of_part(part)) is not None]
    reasons = {str(choice.get(key)).lower() for key in ("finish_reason", "native_finish_reason")}
    if not found and (reasons & REFUSED or message.get("refusal")):
        raise ProviderFailure("content_rejected", "The provider refused this content.")
    return found


def _of_part(part: Any) -> Artefact | Link | None:
    """`{"image_url": {"url": …}}`, `{"image_url": "…"}` or `{"b64_json": …}`; text and everything else is no image."""
    if not isinstance(part, dict):
        return None
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    if isinstance(url, str) and url:
        return _of_url(url)
    data = part.get("b64_json")
    return Artefact(data=_decoded(data)) if isinstance(data, str) and data else None


def _of_rows(rows: Any, document: dict[str, Any]) -> list[Artefact | Link]:
    found: list[Artefact | Link] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        data, url = row.get("b64_json"), row.get("url")
        if isinstance(data, str) and data:
            format = document.get("output_format")
            declared = row.get("media_type") or (f"image/{format}" if isinstance(format, str) else None)
            found.append(Artefact(data=_decoded(data), content_type=declared if isinstance(declared, str) else None))
        elif isinstance(url, str) and url:
            found.append(_of_url(url))
    return found


def _of_url(url: str) -> Artefact | Link:
    if url[:8].lower().startswith(("http://", "https://")):
        return Link(url)
    head = DATA_URL.match(url)
    if head is None:
        return Artefact(data=_decoded(url))
    return Artefact(data=_decoded(url[head.end() :]), content_type=head[1])


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise _unreadable() from error


def _unreadable() -> ProviderFailure:
    # The work is done and billed; only its answer is of no use.
    return ProviderFailure("provider_error", "The provider's answer cannot be read.", outcome_unknown=True)
