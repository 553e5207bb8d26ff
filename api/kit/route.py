"""A route: one line of the table of contents, from which everything else about an endpoint follows.

The endpoint's signature is part of the declaration: `async def submit(call: Call, body: SubmitGeneration) -> Answer`.
A parameter `body` is the decoded request body, `query` the decoded query parameters, and any name of the template
(`{id}`) the path value: a UUID when the name is `id` or ends in `_id`, words with slashes when it is `key`, else a word.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from api.kit.answer import Answer
from api.kit.permission import Permission
from domain.kernel.commands import Receipt

Endpoint = Callable[..., Awaitable[Answer]]
#: (call, receipt) -> answer: used for the first answer and for every replay, so that their bytes are equal.
Render = Callable[[Any, Receipt], Awaitable[Answer]]
_NAMES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket this route counts in besides `api` or `anonymous`.

    `by`: whose count it is, from (call, body); None counts nothing. Default: the account, else the address. `cost`: from
    the body, such as a batch's items. `counts`: "accepted" gives back what is refused (4xx) or a replay, "refused"
    gives back what succeeds (failed logins), "always" keeps both.
    """

    bucket: str
    by: Callable[[Any, Any], str | None] | None = None
    cost: Callable[[Any], int] | None = None
    counts: str = "accepted"


@dataclass(frozen=True)
class Route:
    """`name` is "METHOD /template". `answers`: status -> Struct (None: no body). `tag` groups it in the documents."""

    name: str
    endpoint: Endpoint
    permission: Permission
    answers: Mapping[int, Any] = field(default_factory=lambda: {200: None})
    summary: str = ""
    tag: str = ""
    limits: Sequence[Limit] = ()
    #: Not counted at all: health.
    free: bool = False
    #: Set on every POST that creates or moves something: it takes an Idempotency-Key, and this renders both answers.
    render: Render | None = None
    #: The read model this GET reads: it waits until the model has seen the account's last write.
    reads: str | None = None
    #: A single resource: ETag, If-None-Match; If-Match on PATCH, PUT and DELETE of the same template.
    etag: bool = False
    #: `Prefer: wait=N` is honoured.
    waits: bool = False
    #: An open stream of events: no HEAD, and a ticket will do for a credential.
    events: bool = False
    #: The endpoint reads the body itself, as it arrives (uploads).
    stream_body: bool = False
    #: The JSON Schema of the form (multipart) that such an endpoint reads, for the documents.
    form: Mapping[str, Any] | None = None
    #: The endpoint looks at the body's bytes as they were sent, because they are signed.
    raw_body: bool = False
    #: Stands in the OpenAPI document. What is only reached by a URL that we hand out does not.
    documented: bool = True
    #: Refusals worth naming in the documents.
    refusals: Sequence[type] = ()

    @cached_property
    def method(self) -> str:
        return self.name.split(" ")[0]

    @cached_property
    def template(self) -> str:
        return self.name.split(" ")[1]

    @property
    def path_names(self) -> list[str]:
        return _NAMES.findall(self.template)

    def parameter(self, name: str) -> Any:
        """The annotated type of the endpoint's parameter *name*, None when it takes none."""
        found = inspect.signature(self.endpoint, eval_str=True).parameters.get(name)
        return None if found is None else found.annotation

    @property
    def body(self) -> Any:
        return self.parameter("body")

    @property
    def query(self) -> Any:
        return self.parameter("query")

    @staticmethod
    def path_type(name: str) -> type:
        return UUID if name == "id" or name.endswith("_id") else str
