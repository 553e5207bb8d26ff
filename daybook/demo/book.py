"""The account's own book: every fact that moved its credits, with the balances after it."""

from daybook_client import Daybook

from daybook.demo.screen import Screen

LINES_MAX = 100


def show_book(client: Daybook, screen: Screen) -> dict[str, int]:
    """Shows it, oldest first. Returns the position of the last entry of each type."""
    entries = client.get("/v1/credits/history", limit=LINES_MAX, order="asc")["data"]
    screen.line("")
    screen.line(f"book      {'entry':>5}  {'type':<10} {'credits':>7} {'available':>9} {'held':>4}")
    for entry in entries:
        after = f"{entry['available_after']:>9} {entry['held_after']:>4}"
        screen.line(f"          {entry['position']:>5}  {entry['type']:<10} {entry['amount']:>7} {after}")
    screen.line("")
    return {entry["type"]: entry["position"] for entry in entries}
