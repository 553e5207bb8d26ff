"""An account's webhooks: endpoints and their limits, secrets that overlap, and what becomes of an endpoint that fails."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.kernel.ids import webhooks_stream
from domain.kernel.limits import WEBHOOK_ENDPOINTS_MAX, WEBHOOK_OLD_SECRETS_MAX
from domain.webhooks import commands, events
from domain.webhooks.refusals import TooManyWebhookEndpoints, WebhookEndpointDisabled, WebhookEndpointNotFound
from domain.webhooks.webhooks import Webhooks, signing
from tests.support.book import HOUR, Book


@pytest.fixture
def book():
    return Book()


def webhooks_of(book: Book, account_id: UUID) -> Webhooks:
    found = book.get(Webhooks, webhooks_stream(account_id))
    assert found is not None
    return found


def add(book: Book, account_id: UUID, **changes: object) -> UUID:
    endpoint_id = book.id()
    values = {"sealed_url": "u", "sealed_description": None, "sealed_secret": "s0", "events": ["asset.created"]}
    book.when(commands.AddEndpoint(account_id=account_id, endpoint_id=endpoint_id, **{**values, **changes}))
    return endpoint_id


def change(book: Book, account_id: UUID, endpoint_id: UUID, **changes: object) -> list[type]:
    command = commands.ChangeEndpoint(account_id=account_id, endpoint_id=endpoint_id, **changes)
    return [type(fact) for fact in book.when(command)]


def test_the_first_endpoint_begins_the_stream(book):
    account_id, endpoint_id = book.id(), book.id()
    command = commands.AddEndpoint(
        account_id=account_id, endpoint_id=endpoint_id, sealed_url="u", sealed_description=None, sealed_secret="s", events=["asset.created"]
    )
    assert [type(fact) for fact in book.when(command)] == [events.WebhooksOpened, events.EndpointAdded]
    assert book.decision.result == {"endpoint_id": str(endpoint_id)}
    assert webhooks_of(book, account_id).endpoint(endpoint_id)["disabled"] is None


def test_an_account_has_so_many_endpoints_and_no_more(book):
    account_id = book.id()
    made = [add(book, account_id) for _ in range(WEBHOOK_ENDPOINTS_MAX)]
    with pytest.raises(TooManyWebhookEndpoints):
        add(book, account_id)
    book.when(commands.DeleteEndpoint(account_id=account_id, endpoint_id=made[0]))
    add(book, account_id)
    assert len(webhooks_of(book, account_id).endpoints) == WEBHOOK_ENDPOINTS_MAX


def test_only_what_changes_is_said(book):
    account_id = book.id()
    endpoint_id = add(book, account_id, sealed_description="d")
    assert change(book, account_id, endpoint_id) == []
    assert change(book, account_id, endpoint_id, events=["asset.created"]) == []
    assert change(book, account_id, endpoint_id, sealed_url="v", enabled=True) == [events.EndpointChanged]
    assert change(book, account_id, endpoint_id, sealed_description="") == [events.EndpointChanged]
    assert change(book, account_id, endpoint_id, enabled=False) == [events.EndpointDisabled]
    assert change(book, account_id, endpoint_id, enabled=False) == []
    assert change(book, account_id, endpoint_id, enabled=True) == [events.EndpointEnabled]
    endpoint = webhooks_of(book, account_id).endpoint(endpoint_id)
    assert (endpoint["sealed_url"], endpoint["sealed_description"], endpoint["disabled"]) == ("v", None, None)


def test_a_replaced_secret_signs_until_its_overlap_ends(book):
    account_id = book.id()
    endpoint_id = add(book, account_id)

    def rotate(secret: str, overlap: timedelta | None) -> None:
        until = None if overlap is None else book.now + overlap
        book.when(commands.RotateEndpointSecret(account_id=account_id, endpoint_id=endpoint_id, sealed_secret=secret, overlap_until=until))

    def sign() -> list[str]:
        return signing(webhooks_of(book, account_id).endpoint(endpoint_id)["secrets"], now=book.now)

    rotate("s1", HOUR)
    assert sign() == ["s1", "s0"]
    rotate("s2", 2 * HOUR)
    assert sign() == ["s2", "s1", "s0"]
    book.now += HOUR
    assert sign() == ["s2", "s1"]
    rotate("s3", HOUR / 2)
    assert sign() == ["s3", "s2", "s1"]
    book.now += HOUR / 2
    assert sign() == ["s3"], "none signs for longer than the last rotation says"
    rotate("s4", HOUR)
    rotate("s5", None)
    assert sign() == ["s5"]
    for number in range(2 * WEBHOOK_OLD_SECRETS_MAX):
        rotate(f"t{number}", HOUR)
    assert len(sign()) == 1 + WEBHOOK_OLD_SECRETS_MAX


def test_the_accounts_own_secret_is_replaced_in_the_same_way(book):
    account_id = book.id()
    for number in range(2):
        until = book.now + HOUR
        book.when(commands.IssueAccountSecret(account_id=account_id, sealed_secret=f"a{number}", overlap_until=until))
    assert signing(webhooks_of(book, account_id).secrets, now=book.now) == ["a1", "a0"]


def test_one_that_is_disabled_is_sent_nothing_and_disabled_once(book):
    account_id = book.id()
    endpoint_id = add(book, account_id)
    disable = commands.DisableEndpoint(account_id=account_id, endpoint_id=endpoint_id, cause="gone")
    assert [type(fact) for fact in book.when(disable)] == [events.EndpointDisabled]
    assert book.when(disable) == []
    for command in (commands.SendTestEvent, commands.RequestRedelivery):
        with pytest.raises(WebhookEndpointDisabled):
            book.when(command(account_id=account_id, endpoint_id=endpoint_id, delivery_id=book.id()))


def test_what_is_not_there_cannot_be_changed(book):
    account_id = book.id()
    with pytest.raises(WebhookEndpointNotFound):
        change(book, account_id, book.id())
    endpoint_id = add(book, account_id)
    book.when(commands.DeleteEndpoint(account_id=account_id, endpoint_id=endpoint_id))
    with pytest.raises(WebhookEndpointNotFound):
        book.when(commands.DeleteEndpoint(account_id=account_id, endpoint_id=endpoint_id))
