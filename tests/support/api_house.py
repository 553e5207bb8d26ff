"""The real API in the test's own process: real engines, journal, keys and projector, a real server on loopback, and people."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
from sanic import Sanic

from api.app import create_app
from api.kit.route import Route
from api.platform import Platform
from api.routes import ROUTES
from api.server import Server
from daybook.bootstrap import api_platform
from daybook.objects import NoUrls
from daybook.settings import load
from domain.accounts.commands import IssueApiToken, RegisterAccount, SuspendAccount
from domain.accounts.profile import Profile
from domain.generations.commands import NewAsset, RequestGeneration, StartGeneration, SucceedGeneration
from domain.kernel.commands import Command, Context, Receipt
from domain.orders.commands import PlaceOrder
from domain.payments.price_book import Package, Plan
from domain.schedules.commands import CreateSchedule
from domain.subscriptions.commands import RequestSubscription
from domain.webhooks.commands import AddEndpoint
from domain.webhooks.signing import secret_of
from infra.access.passwords import BcryptPasswords
from infra.archive.shelf import Shelf
from infra.objects.directory import DirectoryStore
from projections.projector import projector
from tests.support.patience import patient_with_redis

SCOPES = [f"{room}:{right}" for room in ("generations", "assets", "credits", "usage") for right in ("read", "write")]
PASSWORD = "correct horse battery"


@dataclass
class Person:
    """An account with a session."""

    account_id: UUID
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass
class House:
    """A served API and what stands behind it."""

    platform: Platform
    app: Sanic
    client: httpx.AsyncClient
    port: int

    async def execute(self, command: Command) -> Receipt:
        context = Context(actor="test", now=self.platform.clock.now(), command_id=self.platform.ids.new())
        return await self.platform.journal.execute(command, context)

    async def person(self, *roles: str, credits: int = 100, password: str | None = None) -> Person:
        """A new account with a session. Without *password* nobody can log in with one, which saves hashing it."""
        platform = self.platform
        account_id, email = platform.ids.new(), f"{secrets.token_hex(6)}@example.com"
        key = await platform.vault.create(account_id)
        hashed = NOBODYS if password is None else await platform.passwords.hash(password)
        await self.execute(
            RegisterAccount(
                account_id=account_id,
                sealed_profile=Profile(email=email, name=None, first_name=None, last_name=None).sealed(key),
                email_index=platform.vault.email_index(email),
                sealed_password_hash=key.seal(hashed),
                roles=list(roles or ("user",)),
                welcome_grant_id=platform.ids.new(),
                welcome_credits=credits,
            )
        )
        issued = await platform.sessions.begin(account_id, now=platform.clock.now())
        return Person(account_id, email, issued.access_token, issued.refresh_token)

    async def api_token(self, person: Person, *scopes: str, expires_at: datetime | None = None) -> tuple[UUID, dict[str, str]]:
        """Id and headers of an API token of *person*."""
        token, token_id = "dbk_" + secrets.token_urlsafe(32), self.platform.ids.new()
        key = await self.platform.vault.key(person.account_id)
        await self.execute(
            IssueApiToken(
                account_id=person.account_id,
                token_id=token_id,
                token_hash=hashlib.sha256(token.encode()).hexdigest(),
                sealed_name=key.seal("test"),
                scopes=list(scopes),
                expires_at=expires_at,
            )
        )
        self.platform.credentials.forget(person.account_id)
        return token_id, {"Authorization": f"Bearer {token}"}

    async def suspended(self) -> Person:
        person = await self.person()
        await self.execute(SuspendAccount(account_id=person.account_id, reason="test"))
        self.platform.credentials.forget(person.account_id)
        return person

    async def order(self, person: Person) -> UUID:
        """A pending order of *person*."""
        order_id, offer = self.platform.ids.new(), self.platform.price_books.now.packages[0]
        sold = await self._sold(person, offer)
        await self.execute(PlaceOrder(order_id=order_id, package=offer.id, valid_days=offer.valid_days, **sold))
        return order_id

    async def subscription(self, person: Person) -> UUID:
        """A pending subscription of *person*."""
        subscription_id, offer = self.platform.ids.new(), self.platform.price_books.now.plans[0]
        await self.execute(RequestSubscription(subscription_id=subscription_id, plan=offer.id, **await self._sold(person, offer)))
        return subscription_id

    async def webhook_endpoint(self, person: Person) -> UUID:
        """An endpoint of *person* that is told nothing soon."""
        endpoint_id, key = self.platform.ids.new(), await self.platform.vault.key(person.account_id)
        url, secret = key.seal("https://hooks.example/"), key.seal(secret_of(secrets.token_bytes(32)))
        command = AddEndpoint(
            account_id=person.account_id,
            endpoint_id=endpoint_id,
            sealed_url=url,
            sealed_description=None,
            sealed_secret=secret,
            events=["subscription.updated"],
        )
        await self.execute(command)
        return endpoint_id

    async def schedule(self, person: Person) -> UUID:
        """A paused schedule of *person*."""
        schedule_id, key = self.platform.ids.new(), await self.platform.vault.key(person.account_id)
        command = CreateSchedule(
            schedule_id=schedule_id,
            account_id=person.account_id,
            kind="image",
            model="builtin/sketch-1",
            sealed=key.seal('{"kind":"image","prompt":"a cat"}'),
            cron="0 6 * * *",
            time_zone="UTC",
            paused=True,
            next_at=None,
        )
        await self.execute(command)
        return schedule_id

    async def _sold(self, person: Person, offer: Package | Plan) -> dict[str, Any]:
        key = await self.platform.vault.key(person.account_id)
        returns = key.seal('{"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}')
        prices = {name: getattr(offer, name) for name in ("credits", "amount", "currency")}
        till = {"provider": "test", "livemode": False, "price_version": 1}
        return {**prices, **till, "account_id": person.account_id, "sealed_urls": returns}

    async def generation(self, person: Person) -> UUID:
        """A queued generation of *person*."""
        generation_id = self.platform.ids.new()
        key = await self.platform.vault.key(person.account_id)
        model = self.platform.catalogue.model("image", None)
        values: dict[str, Any] = {"sealed": key.seal('{"prompt":"a cat","negative_prompt":null,"tags":[]}'), "params": {"size": "64x64"}}
        await self.execute(
            RequestGeneration(
                generation_id=generation_id,
                account_id=person.account_id,
                kind="image",
                model=model.id,
                provider=model.provider,
                queue="image",
                inputs=[],
                tag_index=[],
                priority="normal",
                quoted=5,
                price_version=1,
                on_cancel="free",
                run_at=None,
                start_deadline=None,
                deadline=datetime.now(UTC) + timedelta(hours=1),
                **values,
            )
        )
        return generation_id

    async def finished(self, person: Person) -> tuple[UUID, UUID]:
        """A succeeded generation of *person* and its asset, whose bytes lie in the store."""
        generation_id, asset_id = await self.generation(person), self.platform.ids.new()
        key = await self.platform.vault.key(person.account_id)
        stored = f"generations/{generation_id}/{asset_id}.png"
        await self.platform.objects.put(stored, PNG, "image/png")
        await self.execute(StartGeneration(generation_id=generation_id, worker="test"))
        asset = NewAsset(
            asset_id=asset_id,
            kind="image",
            content_type="image/png",
            bytes=len(PNG),
            sha256=hashlib.sha256(PNG).hexdigest(),
            width=1,
            height=1,
            duration_ms=None,
            object_key=stored,
            thumbnail_key=stored,
            sealed_filename=key.seal("cat.png"),
        )
        await self.execute(
            SucceedGeneration(
                generation_id=generation_id,
                account_id=person.account_id,
                attempt=1,
                worker="test",
                assets=[asset],
                price=5,
                usage={"item": 1},
            )
        )
        return generation_id, asset_id

    def forged(self, person: Person, **changes: Any) -> dict[str, str]:
        """Headers with *person*'s access token, signed again with other claims; `alg="none"` leaves the signature out."""
        claims = jwt.decode(person.access_token, options={"verify_signature": False})
        header = jwt.get_unverified_header(person.access_token)
        algorithm = changes.pop("alg", "HS256")
        key = changes.pop("key", self.platform.vault.token_keys()[0])
        kept = {name: header[name] for name in ("typ", "kid")}
        token = jwt.encode({**claims, **changes}, None if algorithm == "none" else key, algorithm, headers=kept)
        return {"Authorization": f"Bearer {token}"}


#: The bcrypt hash of a password that nobody knows.
NOBODYS = "$2b$04$abcdefghijklmnopqrstuuVYvGXvT8mCKNyHpbTPCQ5pFkVHJdzJa"
#: One white pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def house_environment(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    """The settings of a house, for whoever works beside its API."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DAYBOOK_DATA_DIR": str(folder),
        "DAYBOOK_SECRET_KEY": "a secret of the tests, thirty-two bytes",
        "DAYBOOK_PUBLIC_URL": "http://daybook.test",
    }


@asynccontextmanager
async def open_house(
    database_url: str, redis_url: str, folder: Path, *, routes: Sequence[Route] = ROUTES, **environ: str
) -> AsyncIterator[House]:
    """The API on a migrated database, with a projector beside it; *environ* are settings by their names."""
    settings = load(house_environment(database_url, redis_url, folder) | environ)
    follower, stop = projector(database_url), asyncio.Event()
    store = DirectoryStore(folder / "objects", public_url="", signer=NoUrls())
    follower.archive = Shelf(store)
    await follower.prepare()
    following = asyncio.create_task(follower.run(stop))
    try:
        with patient_with_redis():
            async with api_platform(settings) as platform:
                # The front door's migration makes the directory; here the database is a clone of a migrated one.
                await platform.objects.prepare()
                # The least that bcrypt allows: what the real number of rounds costs is shown elsewhere.
                platform = replace(platform, passwords=BcryptPasswords(rounds=4))
                app = create_app(platform, routes)
                server = Server(app)
                port = await server.start(host="127.0.0.1", port=0)
                try:
                    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
                        yield House(platform, app, client, port)
                finally:
                    await server.stop()
    finally:
        stop.set()
        await following
        await store.close()
