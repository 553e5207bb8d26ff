"""The one place that wires ports to adapters. Each context manager opens what a role stands on, in order, and closes it in reverse."""

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import redis.asyncio

import domain.aggregates  # noqa: F401 - registers the topics of all events
from api.platform import Platform, Telling
from daybook.callbacks import AdapterHearing, callback_base
from daybook.checks import health_checks
from daybook.connections import POOL
from daybook.measures import Appends, api_metrics, metrics_told
from daybook.media import looking_at_media
from daybook.objects import object_store
from daybook.payments import payments_of
from daybook.providers import made
from daybook.schema import direct_url
from daybook.settings import Settings
from daybook.telling.made_once import SharedRendering
from daybook.telling.rendering import LogRendering
from daybook.tracing import tracing_in
from daybook.version import version
from domain.assets.media import CONTENT_TYPES
from domain.commands import HANDLERS
from domain.payments.ports import Payments
from domain.payments.price_book import PriceBooks
from domain.provider_keys.terms import KeyRules
from domain.providers.catalogue import Catalogue
from domain.providers.vendors import open_providers, own_key_providers
from infra.access.access_tokens import AccessTokens
from infra.access.credentials import BearerCredentials
from infra.access.directory import open_directory
from infra.access.passwords import BcryptPasswords
from infra.access.sessions import PostgresSessions
from infra.archive.shelf import Shelf
from infra.calendar import CronCalendar
from infra.catalogue.loader import load_catalogue
from infra.catalogue.price_books import load_price_books, priced
from infra.clock import RandomIds, SystemClock
from infra.dispatch.board import PostgresBoard
from infra.dispatch.claims import PostgresClaims
from infra.dispatch.due import PostgresDue
from infra.dispatch.health import PostgresProviderHealth
from infra.dispatch.leases import keeper
from infra.dispatch.limits import PostgresLimits
from infra.dispatch.parked import PostgresParkedJobs
from infra.dispatch.queues import PostgresQueues
from infra.dispatch.schedules import PostgresSchedulesDue
from infra.erasure.erasures import PostgresErasures
from infra.journal.journal import PostgresJournal, open_journal
from infra.journal.meters import Meters
from infra.journal.tail import open_tail
from infra.limits.limiter import RedisLimiter
from infra.media.media import ChildMedia
from infra.metrics.gauges import open_streams, process_gauges
from infra.metrics.registry import API
from infra.metrics.roles import RoleMetrics
from infra.objects.directory import DirectoryStore
from infra.objects.kept import PostgresKeptAssets
from infra.outgoing.http import PinnedHttp
from infra.payments.due import PostgresPaymentsDue
from infra.postgres.pool import Pool, open_pool
from infra.progress.ticks import RedisProgress
from infra.secrets.keeping import KeyKeeper
from infra.secrets.keyring import Keyring
from infra.secrets.own_keys import PostgresOwnKeys
from infra.secrets.vault import PostgresVault, vault_of
from infra.telling.hints import RedisHints
from infra.telling.line import Line
from infra.telling.places import RedisPlaces
from infra.telling.tickets import RedisTickets
from infra.telling.voices import RedisSaying
from infra.webhooks.deliveries import PostgresDeliveries
from infra.webhooks.log import PostgresDeliveryLog
from infra.webhooks.outbox import outbox_position
from projections.kernel.positions import positions_of
from projections.kernel.wake import listening
from projections.notary.checkpoints import sealed_size
from workers.platform import WorkerPlatform
from workers.ports import Recurrence

if TYPE_CHECKING:
    from infra.objects.s3 import S3Store

#: What the database driver raises when the server is away.
UNAVAILABLE: tuple[type[Exception], ...] = (OSError, psycopg.OperationalError)


@dataclass(frozen=True)
class Ground:
    """What every role stands on."""

    settings: Settings
    clock: SystemClock
    ids: RandomIds
    reads: Pool
    vault: PostgresVault
    objects: "DirectoryStore | S3Store"
    archive: Shelf
    catalogue: Catalogue
    payments: Payments
    price_books: PriceBooks
    journal: PostgresJournal
    outgoing: PinnedHttp
    media: ChildMedia


@asynccontextmanager
async def ground(settings: Settings, role: str, meters: Meters | None = None) -> AsyncIterator[Ground]:
    """Raises CatalogueInvalid, DatabaseUnreachable."""
    price_books = load_price_books(settings.price_book)
    models = load_catalogue(settings.catalogue, open_providers=open_providers(settings.vendors))
    catalogue = priced(models, price_books.now)
    assert settings.database_url is not None, "whoever asks has reached the engines first"
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        previous = settings.secret_key_previous
        keyring = Keyring(settings.secret_key(), previous.encode() if previous else None)
        objects = await stack.enter_async_context(object_store(settings, keyring))
        archive = Shelf(objects)
        reads = await stack.enter_async_context(open_pool(settings.database_url, size=POOL[role], name=f"daybook {role}", archive=archive))
        vault = await vault_of(reads, objects, keyring)
        journal = await stack.enter_async_context(
            open_journal(settings.database_url, reads, handlers=HANDLERS, clock=clock, meters=meters or Meters(), archive=archive)
        )
        payments = payments_of(settings)
        stack.push_async_callback(payments.close)
        outgoing = PinnedHttp(allow=settings.outgoing_allow)
        stack.callback(outgoing.close)
        media = stack.enter_context(looking_at_media())
        ids = RandomIds()
        yield Ground(settings, clock, ids, reads, vault, objects, archive, catalogue, payments, price_books, journal, outgoing, media)


def rendering_of(base: Ground) -> LogRendering:
    return LogRendering(journal=base.journal, reads=base.reads, vault=base.vault, public_url=base.settings.public_url)


@asynccontextmanager
async def telling_on(base: Ground, client: redis.asyncio.Redis) -> AsyncIterator[Telling]:
    """What streams of events stand on: one line into Redis for all of them."""
    line = Line(client)
    line.start()
    try:
        yield Telling(
            rendering=SharedRendering(rendering_of(base)),
            hints=RedisHints(client, line, base.vault),
            places=RedisPlaces(client, line),
            tickets=RedisTickets(client),
        )
    finally:
        await line.close()


class Positions:
    """Implements the API's port: how far each read model has seen."""

    def __init__(self, reads: Pool) -> None:
        self._reads = reads

    async def current(self) -> Mapping[str, int]:
        async with self._reads.connection() as connection:
            return await positions_of(connection)

    async def followers(self) -> Mapping[str, int]:
        async with self._reads.connection() as connection:
            others = {"notary": await sealed_size(connection), "webhooks": await outbox_position(connection)}
            return {**await positions_of(connection), **others}


@asynccontextmanager
async def api_platform(settings: Settings, *, process: str = API, told_in: Path | None = None) -> AsyncIterator[Platform]:
    """Everything the API stands on. *process* and *told_in*: see `processes/api.py`."""
    appends = Appends()
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(ground(settings, "api", appends.meters()))
        tail = await stack.enter_async_context(open_tail(direct_url(settings), base.journal))
        directory = await stack.enter_async_context(open_directory(base.journal, tail, base.vault.forget))
        positions = Positions(base.reads)
        assert settings.redis_url is not None, "whoever asks has reached the engines first"
        client = redis.asyncio.Redis.from_url(settings.redis_url)
        stack.push_async_callback(client.aclose)
        telling = await stack.enter_async_context(telling_on(base, client))
        gauges, streams = process_gauges(base.reads, base.journal, positions.followers), open_streams(lambda: telling.places.open)
        metrics = await stack.enter_async_context(api_metrics(settings, gauges, streams, process=process, told_in=told_in))
        appends.metrics = metrics
        limiter = RedisLimiter(client, bypassed=metrics.limiter_bypassed, secret=base.vault.sign("limits", b""))
        stack.push_async_callback(limiter.close)
        tokens = AccessTokens(base.vault.token_keys(), issuer=settings.public_url)
        sessions = PostgresSessions(base.reads, directory, tokens, sign=base.vault.sign, ids=base.ids)
        passwords = BcryptPasswords()
        tracing = await stack.enter_async_context(tracing_in(settings, "api"))
        stack.callback(passwords.close)
        hearing = AdapterHearing(functools.partial(made, vendors=settings.vendors, outgoing_allow=settings.outgoing_allow))
        stack.push_async_callback(hearing.close)
        yield Platform(
            journal=base.journal,
            tail=tail,
            reads=base.reads,
            vault=base.vault,
            own_keys=PostgresOwnKeys(base.reads, base.journal, base.vault),
            own_key_providers=own_key_providers(settings.vendors),
            calendar=CronCalendar(),
            clock=base.clock,
            ids=base.ids,
            objects=base.objects,
            media=base.media,
            passwords=passwords,
            payments=base.payments,
            outgoing=base.outgoing,
            delivery_log=PostgresDeliveryLog(base.reads),
            queues=PostgresQueues(base.reads),
            health=PostgresProviderHealth(base.reads),
            parked=PostgresParkedJobs(base.reads),
            hearing=hearing,
            sessions=sessions,
            credentials=BearerCredentials(base.journal, directory, sessions, tokens, base.clock),
            catalogue=base.catalogue,
            price_books=base.price_books,
            telling=telling,
            limiter=limiter,
            positions=positions,
            metrics=metrics,
            tracing=tracing,
            serving=base.objects if isinstance(base.objects, DirectoryStore) else None,
            progress=RedisProgress(client),
            features=tuple(sorted({model.kind for model in base.catalogue.models})),
            **plain(settings),
            checks=health_checks(base.reads, client, base.objects),
            unavailable=UNAVAILABLE,
        )


def plain(settings: Settings) -> dict[str, Any]:
    """What the API is told of the settings as they are."""
    return {
        "public_url": settings.public_url,
        "log_name": settings.log_name,
        "version": version(),
        "till_period_seconds": settings.till_period_seconds,
        "cors_origins": settings.cors_origins,
        "trusted_proxies": settings.trusted_proxies,
        "metrics_token": settings.metrics_token,
        "welcome_credits": settings.welcome_credits,
        "welcome_per_day": settings.welcome_per_day,
        "rate_limits": settings.rate_limits or {},
        "limits_off": settings.rate_limits is None,
        "upload_types": tuple(CONTENT_TYPES),
        "upload_quota_bytes": settings.upload_quota_bytes,
    }


def recurrence_of(base: Ground) -> Recurrence:
    rules = KeyRules(own_key_providers(base.settings.vendors), base.catalogue.open_providers, base.price_books.now)
    return Recurrence(due=PostgresSchedulesDue(base.reads), calendar=CronCalendar(), key_rules=rules)


@asynccontextmanager
async def worker_platform(settings: Settings, role: str) -> AsyncIterator[WorkerPlatform]:
    """Everything that workers, dispatcher and scheduler stand on."""
    assert settings.redis_url is not None, "whoever asks has reached the engines first"
    direct = direct_url(settings)
    appends, counts = Appends(), RoleMetrics(role)
    appends.metrics = counts
    async with (
        metrics_told(settings, role, counts.render),
        tracing_in(settings, role) as tracing,
        ground(settings, role, appends.meters()) as base,
        redis.asyncio.Redis.from_url(settings.redis_url) as client,
    ):
        progress = RedisProgress(client)
        yield WorkerPlatform(
            journal=base.journal,
            vault=base.vault,
            own_keys=PostgresOwnKeys(base.reads, base.journal, base.vault),
            clock=base.clock,
            ids=base.ids,
            objects=base.objects,
            media=base.media,
            kept_assets=PostgresKeptAssets(base.reads),
            retention_days=settings.retention_days,
            catalogue=base.catalogue,
            make_providers=functools.partial(
                made,
                vendors=settings.vendors,
                outgoing_allow=settings.outgoing_allow,
            ),
            claims=PostgresClaims(base.reads),
            parked=PostgresParkedJobs(base.reads),
            limits=PostgresLimits(base.reads),
            health=PostgresProviderHealth(base.reads),
            callback_base=callback_base(settings),
            account_concurrency=settings.account_concurrency,
            provider_concurrency=settings.provider_concurrency,
            # A thread's own connection, held for as long as the process lives.
            keep_leases=keeper(direct),
            board=PostgresBoard(base.reads),
            due=PostgresDue(base.reads),
            erasures=PostgresErasures(base.reads),
            keys=KeyKeeper(base.vault.epochs, retention=timedelta(days=settings.backup_days)),
            listen=functools.partial(listening, direct),
            redis_url=settings.redis_url,
            outgoing=base.outgoing,
            recurrence=recurrence_of(base),
            deliveries=PostgresDeliveries(base.reads),
            payments=base.payments,
            payments_due=PostgresPaymentsDue(base.reads),
            till_is_open=settings.stripe_secret_key is None,
            till_period_seconds=settings.till_period_seconds,
            progress=progress,
            rendering=rendering_of(base),
            saying=RedisSaying(client),
            counts=counts,
            tracing=tracing,
        )
        await progress.close()
