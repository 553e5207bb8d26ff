"""What is asked for now and begins later, or never."""

from datetime import UTC, datetime, timedelta

from daybook_client import Daybook

from daybook.demo.disappointed import Disappointed
from daybook.demo.screen import Screen

SOON = timedelta(seconds=2)
SECONDS_MAX = 60
SMALL = {"size": "128x128"}


def in_its_time(client: Daybook, screen: Screen) -> None:
    """One is scheduled and comes; one is canceled before it comes; and one recurs until it is told not to."""
    at = datetime.now(UTC) + SOON
    later = client.submit("image", "a clock in the snow", params=SMALL, run_at=at.isoformat())
    never = client.submit("image", "a ship that never sails", params=SMALL, run_at=(at + timedelta(days=1)).isoformat())
    screen.line(f"scheduled {later['id']} for {later['run_at']}, {later['credits']['held']} credits held")
    canceled = client.cancel(never)
    if canceled["status"] != "canceled" or canceled["credits"]["held"]:
        raise Disappointed(f"{never['id']} is {canceled['status']} after it was canceled")
    screen.line(f"canceled  {never['id']} before it began: {canceled['credits']['released']} credits are free again")
    done = client.wait(later, seconds=SECONDS_MAX)
    if done["status"] != "succeeded" or done["started_at"] is None or done["started_at"] < (done["run_at"] or ""):
        raise Disappointed(f"{later['id']} {done['status']}, began at {done['started_at']}")
    screen.line(f"began     at {done['started_at']}, as it was asked to")
    daily = {"generation": {"kind": "image", "prompt": "the sky of today", "params": SMALL}, "cron": "30 6 * * *"}
    schedule = client.post("/v1/schedules", {**daily, "time_zone": "Europe/Berlin"})
    screen.line(f"recurring {schedule['id']}: {schedule['cron']} in {schedule['time_zone']}, next at {schedule['next_at']}")
    client.delete(f"/v1/schedules/{schedule['id']}")
    screen.line("          ended: nothing of this account recurs any more")
