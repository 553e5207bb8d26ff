"""What a generation refuses."""

from typing import ClassVar

from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class GenerationAlreadyRepeated(Conflicting):
    detail = "The generation was asked for once more before, as {again}."
    shown: ClassVar[tuple[str, ...]] = ("again",)


class GenerationFinal(Conflicting):
    detail = "The generation is {status}; final is final."
    shown: ClassVar[tuple[str, ...]] = ("status",)


class GenerationNotRepeatable(Conflicting):
    detail = "The generation is {status}. Only what failed or was canceled can be asked for once more."
    shown: ClassVar[tuple[str, ...]] = ("status",)


class HoldAlreadyCaptured(GenerationFinal):
    """The credits of this generation were charged by an earlier end, and this one asks for another."""

    detail = "The generation is {status}: {charged} credits are charged, and no other end is recorded."
    shown: ClassVar[tuple[str, ...]] = ("status", "charged")


class HoldAlreadyReleased(GenerationFinal):
    """The credits of this generation went back with an earlier end, and this one asks for another."""

    detail = "The generation is {status}: its credits are released, and no other end is recorded."


class GenerationNotFound(Missing):
    detail = "There is no such generation."


class GenerationOpen(Conflicting):
    detail = "The generation is {status}. Cancel it, or wait for its end, before deleting it."
    shown = ("status",)


class ModelRetired(Unprocessable):
    """`replacement` names the model that came after it, if there is one."""

    detail = "The model {model} has retired."
    shown: ClassVar[tuple[str, ...]] = ("errors", "replacement")


class ParamsRefused(Unprocessable):
    detail = "The params do not fit the model: {summary}"


class StaleAttempt(Conflicting):
    """Another worker began a later attempt: whoever asks has lost the generation and stops."""

    detail = "Attempt {asked} is not the running attempt {current}."
    shown = ("asked", "current")


class WantRefused(Unprocessable):
    """The request as a whole does not fit its model: a prompt or inputs that are missing, too many, or not the caller's."""

    detail = "The request does not fit the model: {summary}"
    shown = ("errors",)


class TimesRefused(Unprocessable):
    detail = "The field {field} {reason}."
