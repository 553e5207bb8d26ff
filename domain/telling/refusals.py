"""What may be refused to whoever wants to be told."""

from domain.kernel.refusals import Throttled, Unauthenticated, Unavailable


class TooManyStreams(Throttled):
    """The account has as many streams open as it may; close one, or wait until one ends."""

    detail = "This account has {limit} streams open, which is as many as it may."
    shown = ("limit",)


class TicketInvalid(Unauthenticated):
    """A ticket opens one stream, within a minute of its making. Ask for another."""

    detail = "The ticket was used before, has expired, or never was one."


class TicketsUnavailable(Unavailable):
    """Where tickets are kept does not answer. Streams with an Authorization header need none."""

    detail = "Tickets cannot be issued or taken at the moment."
