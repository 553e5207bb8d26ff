"""What the journal answers when a command cannot be taken, or a fact cannot be read."""

from domain.kernel.refusals import Outdated, Unavailable, Unprocessable


class ClockSkew(Unavailable):
    """This process and the database disagree about the time by more than the limit; nothing is decided meanwhile."""

    detail = "The clocks of this server and its database are {seconds} s apart."


class IdempotencyKeyReused(Unprocessable):
    detail = "This Idempotency-Key was used before with a different request."


class JournalBusy(Unavailable):
    detail = "Too many commands are waiting. Try again in {retry_after} s."


class OutcomeUnknown(Unavailable):
    """The database went away for too long: the command may or may not have been recorded. Its repeat agrees with the log."""

    detail = "The database did not answer in time, so it is unknown whether command {command_id} was recorded. Repeat it with the same key."
    shown = ("command_id",)


class Overtaken(Outdated):
    """The stream is not at the version the command was bound to. Told like any version that `If-Match` names and nobody has."""

    detail = "The resource is not at the version named in If-Match."

    @property
    def code(self) -> str:
        return "precondition_failed"


class UpgradeNeeded(Unavailable):
    """The log holds a fact that this release does not know; stepping over it would lose it."""

    detail = "The log holds the topic {topic}, which this release does not know. Upgrade this process."
    shown = ("topic",)
