"""The ledger against a naive model: any history of grants, holds, ends, refunds, revocations, corrections, repeats and passing time."""

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.ledger_machine import SEED, LedgerMachine

STEPS = 100_000
#: What histories must have tried, or they prove less than they say.
LISTED = """
    a charge in part
    a charge in whole
    a correction gave
    a correction left a debt
    a correction took
    a generation ended: canceled
    a generation ended: failed
    a generation ended: late
    a grant lapsed
    a grant that counts from before
    a hold ended after its grant had expired
    a hold of nothing
    a hold of one grant
    a hold of several grants
    a hold was refused: debt
    a hold was refused: poor
    a hold was refused: suspended
    a later grant paid a debt
    a price was capped at the hold
    a refund beyond the charge was refused
    a refund for ever
    a refund in part
    a refund in whole
    a refund of coins whose grant was revoked
    a refund that expires
    a release
    a reversal came before its payment
    a second refund
    an older reversal came later
    another end came too late
    canceled while running: delivered
    canceled while running: free
    canceled while running: full
    free coins were revoked
    heard again: CancelGeneration
    heard again: ExpireGeneration
    heard again: ExpireGrants
    heard again: FailGeneration
    heard again: FinishCancel
    heard again: RefundCharge
    heard again: SucceedGeneration
    held coins of a revoked grant came back
    held coins of a revoked grant were spent
    held coins were revoked
    nothing was left to revoke
    other coins paid a debt at once
    spent coins were revoked
    the end of a hold paid a debt
    welcome credits did not pay
"""


class ShortMachine(LedgerMachine):
    pass


ShortMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLedgerMachine = ShortMachine.TestCase


@pytest.mark.long
def test_a_hundred_thousand_steps_that_reach_every_branch() -> None:
    LedgerMachine.reached.clear()
    quiet = settings(
        max_examples=100, stateful_step_count=50, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    run = SEED * 1_000
    while LedgerMachine.reached["steps"] < STEPS:
        run_state_machine_as_test(seed(run)(type(f"Machine{run}", (LedgerMachine,), {})), settings=quiet)
        run += 1
    for label, count in sorted(LedgerMachine.reached.items()):
        print(f"{count:8,}  {label}")
    missed = {line.strip() for line in LISTED.strip().splitlines()} - {label for label, count in LedgerMachine.reached.items() if count}
    assert not missed
