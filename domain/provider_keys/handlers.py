"""Each command of provider keys: its stream, and one domain call."""

from datetime import datetime

from domain.kernel.commands import Command, Decision, Handler, Need, Streams
from domain.kernel.ids import provider_keys_stream
from domain.provider_keys import commands
from domain.provider_keys.provider_keys import ProviderKeys
from domain.provider_keys.refusals import ProviderKeyNotFound


def _needs(command: commands.SetProviderKey | commands.RemoveProviderKey) -> list[Need]:
    return [Need(ProviderKeys, provider_keys_stream(command.account_id))]


def _remove(command: commands.RemoveProviderKey, streams: Streams, now: datetime) -> Decision:
    keys = streams.get(ProviderKeys, provider_keys_stream(command.account_id))
    if keys is None:
        raise ProviderKeyNotFound(provider=command.provider)
    gone = keys.key_id(command.provider)
    keys.remove(command.provider, now=now)
    return Decision(account_id=command.account_id, saved=[keys], result={"removed": str(gone)})


def _set(command: commands.SetProviderKey, streams: Streams, now: datetime) -> Decision:
    keys = ProviderKeys.among(streams, command.account_id, now=now)
    before = keys.key_id(command.provider)
    keys.set(command.provider, command.key_id, now=now)
    result = {"key_id": str(command.key_id), "replaced": None if before is None else str(before)}
    return Decision(account_id=command.account_id, saved=[keys], result=result)


HANDLERS: dict[type[Command], Handler] = {
    commands.RemoveProviderKey: Handler(_needs, _remove),
    commands.SetProviderKey: Handler(_needs, _set),
}
