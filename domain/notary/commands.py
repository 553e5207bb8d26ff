"""What the notary asks the log to record."""

from domain.kernel.commands import Command


class RecordRestore(Command):
    """A restore from a backup lost the events from `lost_from` on, and incarnation `incarnation` (2, 3, …) of the log begins."""

    lost_from: int
    incarnation: int


class SealBalances(Command):
    """Commit to the balances of `accounts` accounts as of log position `position`; `root` is base64.

    And to the `checkpoints` that were signed by then, of which the last covers `last_checkpoint` events; 0 and 0 before the first.
    """

    position: int
    root: str
    accounts: int
    checkpoints: int = 0
    last_checkpoint: int = 0
