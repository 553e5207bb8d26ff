"""The notary, put together from what every role stands on."""

from daybook.bootstrap import Ground
from infra.secrets.keyring import Keyring
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


def wrapping_of(base: Ground) -> Keyring:
    """The secret keys in force, for the notary's own keys."""
    previous = base.settings.secret_key_previous
    return Keyring(base.settings.secret_key(), previous.encode() if previous else None)
