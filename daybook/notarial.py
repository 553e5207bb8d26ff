"""The notary, put together from what every role stands on."""

from daybook.bootstrap import Ground
from domain.notary.ports import WrappedKeyLost
from infra.secrets.keyring import Keyring, UnknownEpoch
from projections.notary.balances import SALTS
from projections.notary.notary import Notary
from projections.notary.publishing import Publishing, remembered_in
from projections.notary.sealing import Sealing


def notary_of(base: Ground) -> Notary:
    """A notary that signs with the installation's key and heeds what the object store remembers."""
    return Notary(wrapping_of(base), name=base.settings.log_name, remembered=remembered_in(base.objects))


def publishing_of(base: Ground) -> Publishing:
    return Publishing(base.reads, base.objects)


async def sealing_of(base: Ground) -> Sealing:
    return Sealing(base.journal, base.reads, await base.vault.standing(SALTS), clock=base.clock, ids=base.ids)


class KeyringWrapping:
    """Implements `domain.notary.ports.Wrapping` with the secret keys in force."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    @property
    def epoch(self) -> str:
        return self._keyring.epoch

    def wrap(self, key: bytes, name: bytes) -> bytes:
        return self._keyring.wrap(key, name)

    def unwrap(self, epoch: str, wrapped: bytes, name: bytes) -> bytes:
        try:
            return self._keyring.unwrap(epoch, wrapped, name)
        except (UnknownEpoch, ValueError) as error:
            raise WrappedKeyLost(str(error)) from error


def wrapping_of(base: Ground) -> KeyringWrapping:
    previous = base.settings.secret_key_previous
    return KeyringWrapping(Keyring(base.settings.secret_key(), previous.encode() if previous else None))
