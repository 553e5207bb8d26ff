"""Facts of the notary's own stream, of which a log has one."""

from domain.kernel.facts import Fact, FirstFact


class NotaryOpened(FirstFact):
    """The stream's first fact; it says nothing else."""

    TOPIC = "notary.opened"


class BalancesSealed(Fact):
    """The balances of all credit accounts as of log position `position`: `root` is that of an RFC 6962 tree over them (base64).

    Its `accounts` leaves stand in the order of the accounts' ids. Each holds a secret salt, so that a balance proof tells
    nothing about the balances beside it.

    By then `checkpoints` were signed, and the last of them covers `last_checkpoint` events: none of them can go away unnoticed.
    """

    TOPIC = "notary.balances_sealed"
    position: int
    root: str
    accounts: int
    checkpoints: int = 0
    last_checkpoint: int = 0


class LogRestored(Fact):
    """The log was restored from a backup: what stood at `lost_from` and after it is lost. The log's `incarnation` begins here."""

    TOPIC = "notary.log_restored"
    lost_from: int
    incarnation: int
