"""Typed refusals. A refusal is an expected "no": it carries data, builds its own sentence and knows no HTTP.

The kind (the direct subclass below) decides the status at the edge; the class name in snake_case is the public code.
"""

import re
from typing import Any, ClassVar


class Refusal(Exception):
    """An expected "no" of the system. Fields given to the constructor become attributes and problem members."""

    detail: ClassVar[str] = "The request was refused."
    retryable: ClassVar[bool] = False
    #: Names of the fields that may be shown to the client beside the sentence.
    shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        self.__dict__.update(fields)
        super().__init__(self.detail.format(**fields))

    @property
    def code(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def members(self) -> dict[str, Any]:
        """The problem document's extension members."""
        return {name: self.fields[name] for name in self.shown if name in self.fields}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.fields)


def _rebuild(kind: type[Refusal], fields: dict[str, Any]) -> Refusal:
    return kind(**fields)


class Malformed(Refusal):
    """400: the request cannot be read."""


class Unauthenticated(Refusal):
    """401: no credential, or a bad one."""


class Unpaid(Refusal):
    """402: credits are missing."""


class Forbidden(Refusal):
    """403: the credential does not allow this."""


class Missing(Refusal):
    """404: absent, or someone else's."""


class Conflicting(Refusal):
    """409: the state of the thing does not allow this."""


class Gone(Refusal):
    """410: it was erased."""


class Outdated(Refusal):
    """412: the caller saw an older version."""


class TooLarge(Refusal):
    """413: the body is over its limit."""


class Unsupported(Refusal):
    """415: the body's type is not accepted here."""


class Unprocessable(Refusal):
    """422: understood, but refused. `errors` is a list of (JSON pointer, sentence)."""

    shown: ClassVar[tuple[str, ...]] = ("errors",)


class Throttled(Refusal):
    """429: a limit is reached. `retry_after` is in seconds."""

    retryable = True


class Unavailable(Refusal):
    """503: overload, or a dependency that is down. `retry_after` is in seconds."""

    retryable = True
