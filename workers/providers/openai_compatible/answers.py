"""What comes back: images as data URLs, base64 or links, and the many ways in which a 200 is no success."""

from typing import Any

import msgspec

from domain.providers.jobs import Artefact
from workers.providers.openai_compatible.failures import failure_of_body
from workers.providers.wire.base64s import artefact_of, decoded, is_link
from workers.providers.wire.failures import failed, table_of

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
    document, choice = document_of(body)
    found = _of_choice(choice) if document.get("choices") else _of_rows(document.get("data"), document)
    if not found:
        raise failed("no_output")
    return found


def document_of(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """A 200 answer and its first choice, empty if it has none.   Raises ProviderFailure: a 200 may carry an error in either."""
    document = table_of(body)
    choice = choice_of(document)
    for place in (document, choice):
        if place.get("error"):
            raise failure_of_body(200, place)
    return document, choice


def choice_of(document: dict[str, Any]) -> dict[str, Any]:
    choices = document.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def is_refused(choice: dict[str, Any], message: dict[str, Any]) -> bool:
    """Whether the choice, or a chunk of it, says that it was not answered because of its content."""
    reasons = {str(choice.get(key)).lower() for key in ("finish_reason", "native_finish_reason")}
    return bool(reasons & REFUSED or message.get("refusal"))


def table(value: Any) -> dict[str, Any]:
    """*value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _of_choice(choice: dict[str, Any]) -> list[Artefact | Link]:
    message = table(choice.get("message"))
    parts = [part for key in ("images", "content") if isinstance(message.get(key), list) for part in message[key]]
    found = [image for part in parts if (image := _of_part(part)) is not None]
    if not found and is_refused(choice, message):
        raise failed("content_rejected")
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
    return Artefact(data=decoded(data)) if isinstance(data, str) and data else None


def _of_rows(rows: Any, document: dict[str, Any]) -> list[Artefact | Link]:
    found: list[Artefact | Link] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        data, url = row.get("b64_json"), row.get("url")
        if isinstance(data, str) and data:
            format = document.get("output_format")
            declared = row.get("media_type") or (f"image/{format}" if isinstance(format, str) else None)
            found.append(Artefact(data=decoded(data), content_type=declared if isinstance(declared, str) else None))
        elif isinstance(url, str) and url:
            found.append(_of_url(url))
    return found


def _of_url(url: str) -> Artefact | Link:
    return Link(url) if is_link(url) else artefact_of(url)
