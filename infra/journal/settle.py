"""After the append: who gets which answer, and who is decided again."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.kernel.commands import Decision, Receipt
from domain.kernel.journal_refusals import IdempotencyKeyReused
from domain.kernel.refusals import Conflicting
from infra.journal.append import DONE, REPEATED, TAKEN, Appended
from infra.journal.pending import Decided, Pending, Round
from infra.journal.receipts import Known

#: Under the lock nobody can overtake, so whoever is refused that often begins a stream that exists.
REFUSALS_MAX = 5


class ClaimTaken(Conflicting):
    detail = "That name belongs to somebody else."


class StreamExists(Conflicting):
    detail = "What should be created exists already."


def place(round_: Round, appended: Appended | None) -> None:
    """Tell the aggregates where the facts of the commands that are done stand in the log. Until then they are not as the log has them."""
    position = appended.first_position if appended else 0
    outcomes = iter(_outcomes(round_, appended))
    for item in round_.items:
        if item.sent and next(outcomes) == DONE:
            for line in item.lines:
                round_.touched[line.stream.int].position = position
                position += 1


def settle(round_: Round, appended: Appended | None, repeats: Mapping[UUID, Known], *, resent: bool) -> list[Pending]:
    """Answer everybody who can be answered, after `place`. Returns the commands that must be decided again, in order."""
    again: list[Pending] = []
    outcomes = _outcomes(round_, appended)
    next_position = appended.first_position if appended else 0
    sent = 0
    for item in round_.items:
        if not item.sent:
            if all(outcomes[guard.prior - 1] == DONE for guard in item.guards if guard.prior):
                _answer_unsent(item)
            else:
                again.append(item.pending)
            continue
        outcome = outcomes[sent]
        sent += 1
        if outcome == DONE:
            next_position = _answer_done(item, next_position)
        elif outcome == REPEATED:
            _answer_repeated(item.pending, repeats[item.pending.context.command_id], resent=resent)
        elif outcome == TAKEN:
            _answer_taken(item)
        else:
            again.append(item.pending)
    for pending in again:
        pending.refused += 1
        if pending.refused > REFUSALS_MAX:
            pending.fail(StreamExists())
    return [pending for pending in again if pending.refused <= REFUSALS_MAX]


def troubled(appended: Appended | None) -> bool:
    """Whether something is not in the log as it was decided."""
    return appended is not None and (bool(appended.moved) or (appended.outcomes is not None and any(appended.outcomes)))


def failed_streams(round_: Round, appended: Appended | None) -> set[UUID]:
    """The streams of the commands that were not done, and those that moved: there, and only there, the cache differs from the log."""
    outcomes = iter(_outcomes(round_, appended))
    failed = {guard.stream for item in round_.items if item.sent and next(outcomes) != DONE for guard in item.guards}
    return failed.union((appended and appended.moved) or ())


def _outcomes(round_: Round, appended: Appended | None) -> Sequence[int]:
    if appended is None:
        return ()
    if appended.outcomes is None:
        return [DONE] * sum(item.sent for item in round_.items)
    return appended.outcomes


def _answer_done(item: Decided, position: int) -> int:
    """The command's events stand from *position* on. Returns the position behind them."""
    position += len(item.lines)
    if item.decision:
        item.pending.succeed(_receipt(item, item.decision, position - 1 if item.lines else _seen(item.decision)))
    return position


def _answer_unsent(item: Decided) -> None:
    if item.refusal is not None:
        item.pending.fail(item.refusal)
    elif item.decision is not None:
        item.pending.succeed(_receipt(item, item.decision, _seen(item.decision)))


def _answer_repeated(pending: Pending, known: Known, *, resent: bool) -> None:
    """After a resend it was most likely the first send that succeeded: the caller gets his first answer."""
    if known.fingerprint == pending.context.fingerprint and resent:
        first = known.receipt
        pending.succeed(Receipt(position=first.position, result=first.result, status=first.status))
        return
    answer_known(pending, known)


def answer_known(pending: Pending, known: Known) -> None:
    """The answer to a command whose id had been used."""
    try:
        pending.succeed(known.answer(pending.context))
    except IdempotencyKeyReused as refusal:
        pending.fail(refusal)


def _answer_taken(item: Decided) -> None:
    refusal = item.decision.when_taken if item.decision else None
    item.pending.fail(refusal() if refusal else ClaimTaken())


def _receipt(item: Decided, decision: Decision, position: int) -> Receipt:
    return Receipt(position=position, result=decision.result, status=item.pending.context.status)


def _seen(decision: Decision) -> int:
    """The position a command without facts speaks of."""
    return decision.saved[0].position if decision.saved else 0
