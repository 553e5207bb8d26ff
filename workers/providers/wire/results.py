"""The results of a finished long job, which lie behind links that can be read again as long as the provider keeps them."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.kernel import limits
from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.providers.jobs import Artefact, Job, ProviderFailure, Result, Running
from workers.providers.wire.base64s import DATA_URL, artefact_of, aside, is_link
from workers.providers.wire.failures import failed
from workers.providers.wire.fields import used

LINKS_MAX = 16
DEPTH_MAX = 8


async def collected(outgoing: Outgoing, job: Job, urls: Sequence[str]) -> Result | Running:
    """The result behind *urls*, asked for without any key. "Still running" when one cannot be fetched just now: the work is done and
    paid for, so it is looked for again rather than made again.   Raises ProviderFailure.
    """
    if not urls:
        raise failed("no_output")
    artefacts: list[Artefact] = []
    for url in urls[:LINKS_MAX]:
        if not is_link(url):
            artefacts.append(await aside(len(url), artefact_of, url))
            continue
        try:
            found = await outgoing.fetch(url, bytes_max=limits.ARTEFACT_BYTES_MAX)
        except FetchFailed as error:
            if error.too_large:
                raise ProviderFailure("provider_error", "The provider's result is too large.", outcome_unknown=True) from error
            return Running()
        except UrlRefused as error:
            raise ProviderFailure("provider_error", "The provider's result cannot be fetched.", outcome_unknown=True) from error
        artefacts.append(Artefact(data=found.data, content_type=found.content_type))
    return Result(artefacts=artefacts, usage=used(job, len(artefacts)))


def links_in(value: Any, depth: int = DEPTH_MAX) -> Iterator[str]:
    """Every link and data URL in a JSON value, in order: each model has a shape of its own for its results."""
    if isinstance(value, str):
        if is_link(value) or DATA_URL.match(value):
            yield value
    elif depth and isinstance(value, list):
        for each in value:
            yield from links_in(each, depth - 1)
    elif depth and isinstance(value, dict):
        for each in value.values():
            yield from links_in(each, depth - 1)
