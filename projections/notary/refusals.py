"""Why the notary does not sign. None of these mends itself: a signature can never be taken back."""


class NotaryRefuses(Exception):
    """The log, the tree and what was signed before do not belong together."""

    #: The whole log must be found good before anything is signed again.
    about_the_log = True


class LogAltered(NotaryRefuses):
    """The events up to a checkpoint do not lead to its root any more."""

    def __init__(self, *, after: int, size: int) -> None:
        super().__init__(
            f"the log was altered: positions {after + 1} to {size} do not lead to the root of checkpoint {size} any more. "
            "`daybook audit verify` names what differs"
        )
        self.after = after
        self.size = size


class LogShrunk(NotaryRefuses):
    """The log ends before what was signed."""

    def __init__(self, *, head: int, size: int, where: str) -> None:
        super().__init__(
            f"the log ends at position {head}, but {where} has a checkpoint of {size} events: was it restored from a backup? "
            "`daybook recover` begins a new incarnation"
        )
        self.head = head
        self.size = size


class CheckpointForged(NotaryRefuses):
    """A stored checkpoint is not what its note says, or was not signed by us."""

    def __init__(self, *, size: int, why: str) -> None:
        super().__init__(f"checkpoint {size} was altered: {why}")
        self.size = size


class SigningKeyLost(NotaryRefuses):
    """The private half of the key cannot be used."""

    about_the_log = False

    def __init__(self, why: str) -> None:
        super().__init__(f"the key that signs does not open: {why} `daybook audit key --rotate` makes another; what was signed stays valid")
