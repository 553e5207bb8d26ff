"""Table of contents: weight -> what is done, under which class it is measured."""

from collections.abc import Awaitable, Callable

from tests.soak import people, reading, stream, submitting
from tests.soak.client import Client, Turn

Operation = Callable[[Turn], Awaitable[object]]


async def come_in(turn: Turn) -> None:
    """A new account, which brings somebody new among those who ask."""
    turn.person = None
    person = await people.register(turn)
    if person is not None and turn.client.operator is not None:
        await people.grant(turn.client.turn(turn.client.operator, "grant"), person, people.RICH)
        # The one who has hardly any credits stays the last.
        turn.client.people.insert(-1, person)


async def give(turn: Turn) -> None:
    """Some credits by the operator."""
    to = turn.person
    turn.person = turn.client.operator
    assert to is not None
    await people.grant(turn, to, turn.chance.randint(1, 50))


#: A session's password costs a fifth of a second of CPU by intent, so few log in.
MIX: list[tuple[float, str, Operation]] = [
    (220, "submit", submitting.submit),
    (5, "submit and wait", submitting.submit_and_wait),
    (3, "submit and wait", stream.follow),
    (5, "batch", submitting.batch),
    (40, "repeat", submitting.repeat),
    (10, "refusal", submitting.misuse_a_key),
    (20, "refusal", submitting.submit_without_credits),
    (20, "refusal", submitting.submit_nonsense),
    (40, "estimate", submitting.estimate),
    (240, "read", reading.look),
    (5, "refusal", reading.look_at_deleted),
    (20, "refusal", reading.look_at_anothers),
    (80, "list", reading.list_some),
    (50, "timeline", reading.read_timeline),
    (40, "cancel", reading.cancel),
    (20, "delete", reading.delete),
    (80, "balance", reading.read_balance),
    (25, "ledger", reading.read_ledger),
    (10, "usage", reading.read_usage),
    (10, "usage", reading.read_statistics),
    (5, "models", reading.read_models),
    (10, "me", reading.read_myself),
    (3, "upload", reading.upload),
    (10, "asset", reading.fetch),
    (10, "asset", reading.list_assets),
    (5, "grant", give),
    (2, "api token", people.use_api_token),
    (2, "refresh", people.renew),
    (0.2, "login", people.log_in_again),
    (0.1, "login", people.log_in_wrongly),
    (0.1, "register", come_in),
]
WEIGHTS = [weight for weight, _, _ in MIX]


def drawn(client: Client) -> tuple[str, Operation, Turn]:
    """What comes next, and who does it. The poor one takes part only where he is asked for by name."""
    _, name, operation = client.chance.choices(MIX, WEIGHTS)[0]
    person = client.people[client.chance.randrange(len(client.people) - 1)]
    return name, operation, client.turn(person, name)
