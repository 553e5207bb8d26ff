"""Results that lie behind a link: at the provider with its key, anywhere else without it and only at public addresses."""

from urllib.parse import urljoin

from domain.kernel import limits
from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.ports import Outgoing
from domain.providers.jobs import Artefact, ProviderFailure
from workers.providers.wire.bodies import BodyTooLarge
from workers.providers.wire.client import DOWNLOAD_SECONDS, Answer, Call, Wire

REDIRECTS_MAX = 3
CANNOT = "The provider's result cannot be fetched."


async def fetched(outgoing: Outgoing, url: str, *, paid: bool) -> Artefact:
    """What lies at *url*, asked for without any key.   Raises ProviderFailure."""
    try:
        found = await outgoing.fetch(url, bytes_max=limits.ARTEFACT_BYTES_MAX)
    except UrlRefused as error:
        # It will not be allowed later either.
        raise ProviderFailure("provider_error", CANNOT, outcome_unknown=True) from error
    except FetchFailed as error:
        raise ProviderFailure("provider_error", CANNOT, outcome_unknown=paid) from error
    return Artefact(data=found.data, content_type=found.content_type)


async def downloaded(wire: Wire, outgoing: Outgoing, url: str, *, key: str | None, paid: bool) -> Artefact:
    """What lies at *url*. The key goes along as long as the redirects stay with the provider, never further.   Raises ProviderFailure."""
    for _ in range(REDIRECTS_MAX + 1):
        if not wire.is_own(url):
            return await fetched(outgoing, url, paid=paid)
        answer = await _redirect(wire, url, key=key, paid=paid)
        if not isinstance(answer, str):
            return Artefact(data=answer.body, content_type=answer.headers.get("content-type"))
        url = urljoin(url, answer)
    raise ProviderFailure("provider_error", CANNOT, outcome_unknown=paid)


async def _redirect(wire: Wire, url: str, *, key: str | None, paid: bool) -> Answer | str:
    call = Call(method="GET", url=url, seconds=DOWNLOAD_SECONDS, read_seconds=60, paid=paid, key=key, bytes_max=limits.ARTEFACT_BYTES_MAX)
    try:
        return await wire.redirect(call)
    except ProviderFailure as failure:
        if isinstance(failure.__cause__, BodyTooLarge):
            raise ProviderFailure("provider_error", "The provider's result is too large.", outcome_unknown=True) from failure
        raise
