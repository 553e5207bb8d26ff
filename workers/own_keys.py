"""Generations on the caller's own key: loaded for each attempt and each look, so that a key that was removed is used no more."""

import logging
from collections.abc import Mapping

from domain.generations.generation import Generation
from workers.failures import AttemptFailed
from workers.patience import patiently
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

#: What a caller has to be told in other words when it is his own account.
SENTENCES = {
    "auth": "The provider does not accept your key.",
    "insufficient_provider_credit": "Your account with the provider is out of credit.",
    "rate_limited": "The provider limits the requests on your key.",
}


async def own_key_of(platform: WorkerPlatform, generation: Generation) -> str | None:
    """The caller's key; None: it runs on the installation's.   Raises AttemptFailed when the key was removed."""
    if not generation.own_key:
        return None
    try:
        found = await patiently("an own key", lambda: platform.own_keys.key(generation.account_id, generation.provider))
    except ValueError:
        logger.error("a provider key was altered", extra={"generation_id": str(generation.id), "provider": generation.provider})
        sentence = f"Your key at {generation.provider} cannot be read any more. Set it again."
        raise AttemptFailed("auth", sentence, retryable=False) from None
    if found is None:
        sentence = f"It was asked for on your key at {generation.provider}, which was removed since."
        raise AttemptFailed("auth", sentence, retryable=False)
    return found


def counted(generation: Generation, usage: Mapping[str, int], *, assets: int) -> dict[str, int]:
    """*usage* with the items that an own key is priced by: each result, or the one answer."""
    return {"item": max(1, assets)} | dict(usage) if generation.own_key else dict(usage)


def told_of_own_key(generation: Generation, failure: AttemptFailed) -> AttemptFailed:
    """*failure* in words that fit whose key it was."""
    if not generation.own_key or failure.code not in SENTENCES:
        return failure
    return AttemptFailed(
        failure.code, SENTENCES[failure.code], retryable=failure.retryable, retry_after_seconds=failure.retry_after_seconds
    )
