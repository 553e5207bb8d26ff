"""What only an operator does: a grant that lapses unused, and a refund."""

import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from daybook_client import Daybook, Problem

from daybook.demo.disappointed import Disappointed
from daybook.demo.screen import Screen

LAPSING_CREDITS = 7
#: After everything else: nothing is taken from it.
BURNS_LAST = 100
#: The grant's life; the longer one for a machine on which a request takes longer than the first.
LIFE_SECONDS = (2, 20)
LAPSED_SECONDS = 90.0
POLL_SECONDS = 0.2


class Operator(NamedTuple):
    """Who may log in as one."""

    email: str
    password: str


class Lapsing(NamedTuple):
    """A grant that nobody will use."""

    id: str
    amount: int

    def wait(self, client: Daybook, screen: Screen) -> None:
        """Until the owner's book says that it has lapsed."""
        until = time.monotonic() + LAPSED_SECONDS
        while time.monotonic() < until:
            for entry in client.get("/v1/credits/history", type="expiry")["data"]:
                if [part["id"] for part in entry["grants"]] == [self.id]:
                    screen.line(f"expired   the {entry['amount']} credits that nobody used")
                    return
            time.sleep(POLL_SECONDS)
        raise Disappointed(f"the grant {self.id} has not lapsed after {LAPSED_SECONDS:.0f} s")


def lapse(desk: Daybook, account_id: str, screen: Screen) -> Lapsing:
    """Grant credits for a moment."""
    for seconds in LIFE_SECONDS:
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        body = {"amount": LAPSING_CREDITS, "reason": "for a moment", "expires_at": expires_at, "priority": BURNS_LAST}
        try:
            grant = desk.post(f"/v1/admin/accounts/{account_id}/grants", body)
        except Problem as refused:
            if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY or seconds == LIFE_SECONDS[-1]:
                raise
            continue
        screen.line(f"granted   {grant['amount']} credits by an operator, good for {seconds} seconds, used last")
        return Lapsing(grant["id"], grant["amount"])
    raise AssertionError("the last try returns or raises")


def refund(desk: Daybook, charge_id: str, screen: Screen) -> None:
    """Give a charge back."""
    given = desk.post(f"/v1/admin/charges/{charge_id}/refund", {"reason": "a present of the house"})
    screen.line(f"refunded  {given['amount']} credits of the charge for {charge_id}: a new grant, the charge stays")
