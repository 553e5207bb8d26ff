"""Results that lie behind a link: at the provider with its key, anywhere else without it and only at public addresses."""

from urllib.parse import urljoin

from domain.kernel import limits
from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.providers.jobs import Artefact, ProviderFailure
from workers.providers.wire.client import DOWNLOAD_SECONDS, Call, Wire

REDIRECTS_MAX = 3


async def fetched(outgoing: Outgoing, url: str, *, paid: bool) -> Artefact:
    """What lies at *url*, asked for without any key.   Raises ProviderFailure."""
    try:
        found = await outgoing.fetch(url, bytes_max=limits.ARTEFACT_BYTES_MAX)
    except (UrlRefused, FetchFailed) as error:
        raise ProviderFailure("provider_error", "The provider's result cannot be fetched.", outcome_unknown=paid) from error
    return Artefact(data=found.data, content_type=found.content_type)


async def downloaded(wire: Wire, outgoing: Outgoing, url: str, *, key: str | None, paid: bool) -> Artefact:
    """What lies at *url*. The key goes along as long as the redirects stay with the provider, never further.   Raises ProviderFailure."""
    for _ in range(REDIRECTS_MAX + 1):
        if not wire.is_own(url):
            return await fetched(outgoing, url, paid=paid)
        answer = await wire.redirect(Call(method="GET", url=url, seconds=DOWNLOAD_SECONDS, read_seconds=60, paid=paid, key=key))
        if not isinstance(answer, str):
            return Artefact(data=answer.body, content_type=answer.headers.get("content-type"))
        url = urljoin(url, answer)
    raise ProviderFailure("provider_error", "The provider's result cannot be fetched.", outcome_unknown=paid)
