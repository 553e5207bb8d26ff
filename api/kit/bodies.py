"""Request bodies: bytes to a checked Struct, and to the canonical bytes that an idempotency fingerprint is made of."""

from collections.abc import Callable
from types import NoneType
from typing import Any, get_args

import msgspec

from api.kit.pointers import fault
from api.kit.refusals import MediaTypeUnsupported, ValidationFailed
from api.kit.strict_json import read_json
from domain.kernel.whole import with_whole_numbers

#: (body, content type) -> (the Struct, the tree as sent).
Decoder = Callable[[bytes, str | None], tuple[Any, Any]]
_CANONICAL = msgspec.json.Encoder(order="sorted")


def body_decoder(shape: Any) -> Decoder:
    """A decoder of JSON bodies into *shape*; None: the route takes no body, an empty object is let pass.

    A shape `Something | None` may be left out.
    """
    target = NoBody if shape is None else shape
    optional = shape is None or NoneType in get_args(shape)

    def decode(data: bytes, content_type: str | None) -> tuple[Any, Any]:
        if optional and not data:
            return None, None
        check_json_type(content_type)
        tree = read_json(data)
        return convert(tree, target), tree

    return decode


def check_json_type(content_type: str | None) -> None:
    """Raises MediaTypeUnsupported unless it is `application/json`, in UTF-8 if it names a charset."""
    if content_type == "application/json":
        return
    kind, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise MediaTypeUnsupported(expected="application/json")


def convert(tree: Any, shape: Any, *, strict: bool = True, prefix: str = "") -> Any:
    """*tree* as *shape*.   Raises ValidationFailed with a JSON pointer."""
    try:
        return msgspec.convert(tree, shape, strict=strict)
    except msgspec.ValidationError:
        # Perhaps an integer was written as 1.0.
        tree = with_whole_numbers(tree)
    try:
        return msgspec.convert(tree, shape, strict=strict)
    except msgspec.ValidationError as error:
        pointer, said = fault(tree, str(error), lambda other: msgspec.convert(other, shape, strict=strict))
        raise ValidationFailed(reason=f"{said} at {prefix}{pointer or '/'}", errors=[(prefix + pointer, said)]) from None


def canonical(tree: Any) -> bytes:
    """The document as sent: keys sorted, no defaults filled in, no spaces."""
    return b"" if tree is None else _CANONICAL.encode(tree)


class NoBody(msgspec.Struct, forbid_unknown_fields=True):
    """A POST that takes nothing."""
