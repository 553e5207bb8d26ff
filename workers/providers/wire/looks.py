"""Looking after a long job. A look that fails says nothing about the job: only an answer about the job ends it."""

from typing import Any

from domain.providers.jobs import ProviderFailure, Running
from workers.providers.wire.base64s import aside
from workers.providers.wire.client import Answer, Call, Wire
from workers.providers.wire.failures import document_of

#: Failures of a look that pass: the job is looked at again later, until its own time is over.
PASSING = frozenset({"overloaded", "provider_error", "rate_limited", "timeout"})
#: The provider does not know the job, or not any more: whether it was done and billed will not be learnt.
GONE = frozenset({"invalid_request", "model_retired"})


async def look(wire: Wire, call: Call) -> Answer | Running:
    """The answer to a look, or "still running" when the look itself failed.   Raises ProviderFailure about the job or the key."""
    try:
        return await wire.ask(call)
    except ProviderFailure as failure:
        return passed(failure)


async def look_table(wire: Wire, call: Call) -> dict[str, Any] | Running:
    """As `look`, for an answer that is a JSON object. Anything else is a page of some gateway, and passes too."""
    answer = await look(wire, call)
    if isinstance(answer, Running):
        return answer
    document = await aside(len(answer.body), document_of, answer.body)
    return document if isinstance(document, dict) else Running()


def passed(failure: ProviderFailure) -> Running:
    """What the failure of a look means for the job.   Raises ProviderFailure."""
    if failure.code in PASSING and not failure.outcome_unknown:
        return Running(poll_seconds=failure.retry_after_seconds)
    if failure.code in GONE:
        raise ProviderFailure("provider_error", "The provider does not know the job any more.", outcome_unknown=True) from failure
    raise failure
