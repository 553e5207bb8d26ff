"""Keys of one's own at providers: which there are, setting and removing them. A key goes in and never comes out."""

import logging
from uuid import UUID

from api.kit.answer import Answer, no_content, ok
from api.kit.call import Call
from api.shapes.provider_keys import NewProviderKey, ProviderKey, ProviderKeys, shown_key
from domain.kernel.commands import Receipt
from domain.kernel.ids import provider_keys_stream
from domain.kernel.refusals import Refusal
from domain.provider_keys.commands import RemoveProviderKey, SetProviderKey
from domain.provider_keys.provider_keys import ProviderKeys as Stream
from domain.provider_keys.provider_keys import check_provider
from domain.provider_keys.refusals import ProviderKeyNotFound

logger = logging.getLogger(__name__)


async def listed(call: Call) -> Answer:
    """The providers that you have a key of your own for; never the keys themselves."""
    keys = await _keys(call)
    rows = sorted(keys.keys.items()) if keys else []
    return ok(ProviderKeys(data=[shown_key(provider, kept) for provider, kept in rows], next_cursor=None))


async def show(call: Call, provider: str) -> Answer:
    """That there is a key, and since when."""
    return ok(_shown(await _keys(call), provider))


async def put(call: Call, provider: str, body: NewProviderKey) -> Answer:
    """Set or replace your key. From now on what you ask of this provider's models runs on it."""
    check_provider(provider, frozenset(model.provider for model in call.platform.catalogue.models))
    before = await _keys(call)
    own_keys, key_id = call.platform.own_keys, call.platform.ids.new()
    if before and before.key_id(provider) and await _kept(call, provider) == body.key:
        return ok(_shown(before, provider))
    await own_keys.keep(call.account_id, provider, key_id, body.key)
    command = SetProviderKey(account_id=call.account_id, provider=provider, key_id=key_id)
    try:
        return await call.execute(command, status=None, render=_set)
    except Refusal:
        await own_keys.drop(call.account_id, [key_id])
        raise


async def _kept(call: Call, provider: str) -> str | None:
    """The key as it is kept; None also when what is kept was altered: a new one mends that."""
    try:
        return await call.platform.own_keys.key(call.account_id, provider)
    except ValueError:
        logger.error("a provider key was altered", extra={"account": call.account, "provider": provider})
        return None


async def _set(call: Call, receipt: Receipt) -> Answer:
    replaced = receipt.result["replaced"]
    if replaced is not None:
        await call.platform.own_keys.drop(call.account_id, [UUID(replaced)])
    answer = ok(_shown(await _keys(call, until=receipt.position), call.path["provider"]))
    answer.status = 201 if replaced is None else 200
    return answer


async def remove(call: Call, provider: str) -> Answer:
    """Remove your key. It is destroyed at once; what is asked for later runs on the installation's key, where there is one."""
    keys = await _keys(call)
    key_id = keys.key_id(provider) if keys else None
    if key_id is None:
        raise ProviderKeyNotFound(provider=provider)
    # The key goes first: a process that is stopped in between leaves a word in the log, and no secret.
    await call.platform.own_keys.drop(call.account_id, [key_id])
    return await call.execute(RemoveProviderKey(account_id=call.account_id, provider=provider), status=204, render=_removed)


async def _removed(call: Call, receipt: Receipt) -> Answer:
    await call.platform.own_keys.drop(call.account_id, [UUID(receipt.result["removed"])])
    return no_content()


async def _keys(call: Call, *, until: int | None = None) -> Stream | None:
    return await call.platform.journal.load(Stream, provider_keys_stream(call.account_id), until=until)


def _shown(keys: Stream | None, provider: str) -> ProviderKey:
    """Raises ProviderKeyNotFound."""
    if keys is None or provider not in keys.keys:
        raise ProviderKeyNotFound(provider=provider)
    return shown_key(provider, keys.keys[provider])
