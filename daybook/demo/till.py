"""A package of credits, bought at the test till: the same order as with real money, which nobody pays."""

from http import HTTPStatus

from daybook_client import Daybook, Problem

from daybook.demo.screen import Screen

TILL = "test"


def buy(client: Daybook, screen: Screen) -> bool:
    """The cheapest package. False: real money is taken there, so nothing is bought."""
    package = min(client.get("/v1/credits/packages")["data"], key=lambda each: each["price"]["amount"])
    try:
        order = client.post("/v1/credits/purchases", {"package": package["id"], "method": TILL})
    except Problem as refused:
        if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        screen.line("bought    nothing: this server takes real money")
        return False
    paid = client.post(f"/v1/credits/purchases/{order['id']}/pay", {})
    price = f"{paid['price']['amount'] / 100:.2f} {paid['price']['currency']}"
    screen.line(f"bought    {package['title']}: {paid['credits']} credits for {price}, {paid['status']} at the test till")
    return True
