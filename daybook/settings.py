"""The settings in force: read from the environment once, checked, frozen. The only place that looks at the environment."""

import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from daybook import parsing
from daybook.engines.passwords import kept
from daybook.variables import NAMES
from domain.kernel.limits import CREDITS_MAX, DELIVERY_DAYS_MAX
from domain.providers.vendors import VENDORS, Access
from domain.webhooks.schedule import RETRY_SECONDS

Value = TypeVar("Value")
WELCOME_PER_DAY = 10_000
API_PROCESSES_MAX = 64
UPLOAD_QUOTA_BYTES = 100 << 30
UPLOAD_QUOTA_MAX = 2**53 - 1
ACCOUNT_CONCURRENCY_MAX = 9_999
RETENTION_DAYS_MAX = 36_500
TILL_PERIOD_SECONDS_MAX = 366 * 86_400
CHECKPOINT_EVENTS_MAX = 1_000_000
NOTHING: tuple[str, ...] = ()
NO_OVERRIDES: Mapping[str, str] | None = {}
S3_REQUIRED = ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_BUCKET")


class SettingsError(Exception):
    """All that is wrong with the settings, one sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What `variables.py` describes, as values. None means: not set, and what holds then is decided where it is used."""

    host: str
    port: int
    api_processes: int
    public_url: str
    data_dir: Path
    #: As given; `secret_key` below is what to use.
    given_secret_key: str | None
    secret_key_previous: str | None
    #: None: the embedded PostgreSQL.
    database_url: str | None
    database_direct_url: str | None
    #: None: the embedded Redis.
    redis_url: str | None
    redis_server: str | None
    #: None: objects in the data directory. With an endpoint, the keys and the bucket are there too.
    s3_endpoint: str | None
    s3_access_key: str | None
    s3_secret_key: str | None
    s3_bucket: str | None
    s3_region: str
    s3_public_endpoint: str | None
    catalogue: Path | None
    price_book: Path | None
    #: None: a calendar month.
    till_period_seconds: int | None
    #: How vendors of generations are reached, by their word: those of which anything is set.
    vendors: Mapping[str, Access]
    #: None: credits are bought at the test till. With a key there is at least one webhook secret.
    stripe_secret_key: str | None
    stripe_webhook_secret: tuple[str, ...]
    stripe_api_base: str
    #: How long copies of the database are kept: so long an epoch of keys outlives its use.
    backup_days: int
    welcome_credits: int
    upload_quota_bytes: int
    #: None: kept until somebody deletes them.
    upload_retention_days: int | None
    result_retention_days: int | None
    welcome_per_day: int
    #: Overrides, bucket -> `count/seconds`; None: limits are off.
    account_concurrency: int | None
    provider_concurrency: Mapping[str, int]
    rate_limits: Mapping[str, str] | None
    trusted_proxies: tuple[str, ...]
    cors_origins: tuple[str, ...]
    outgoing_allow: tuple[str, ...]
    webhook_retries: tuple[int, ...]
    delivery_days: int
    #: Names the log in every checkpoint.
    log_name: str
    checkpoint_events: int
    checkpoint_seconds: int
    metrics_token: str | None
    #: None: only the Daybook that has the data directory is told.
    metrics_port: int | None
    otel_exporter_otlp_endpoint: str | None
    log_level: str
    #: None: console on a terminal, else json.
    log_format: str | None
    #: `$XDG_RUNTIME_DIR`, for the sockets of the embedded engines.
    runtime_parent: str | None
    #: What deserves a line at start.
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        """Without values: some are secrets."""
        return "Settings(…)"

    @property
    def retention_days(self) -> Mapping[str, int]:
        """Source of an asset -> days it is kept; without an entry it has no end."""
        days = {"generation": self.result_retention_days, "upload": self.upload_retention_days}
        return {source: kept for source, kept in days.items() if kept is not None}

    def secret_key(self) -> bytes:
        """The key in force. With the embedded engines it is made on first use and kept, mode 0600, in the data directory."""
        if self.given_secret_key is not None:
            return self.given_secret_key.encode()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return kept(self.data_dir / "secret-key").encode()


class Reading:
    """Takes variables one by one and remembers every mistake."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.mistakes: list[str] = []

    def text(self, name: str) -> str | None:
        """The value without surrounding blanks; unset and empty are the same."""
        return self._environ.get(name, "").strip() or None

    def take(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed value, or *default* when unset or wrong (which is then noted)."""
        text = self.text(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as mistake:
            self.mistakes.append(f"{name} {mistake}.")
            return default

    def maybe(self, name: str, parse: "Callable[[str], Value | None]") -> Value | None:
        """Like `take`, None when unset."""
        return self.take(name, parse, None)

    def needs(self, name: str, other: str) -> None:
        """Notes that *name* is set while *other*, without which it means nothing, is not."""
        if self.text(name) and not self.text(other):
            self.mistakes.append(f"{name} is set, but {other} is not; set {other} too, or leave {name} out.")


def from_environment() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return load(os.environ)


def environment() -> dict[str, str]:
    """A copy of the environment, for a process of ours that gets another."""
    return dict(os.environ)


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from *environ*. Raises SettingsError with every mistake at once."""
    reading = Reading(environ)
    host = reading.take("DAYBOOK_HOST", parsing.host, "127.0.0.1")
    port = reading.take("DAYBOOK_PORT", parsing.integer(1, parsing.PORT_MAX), 8000)
    outgoing = reading.take("DAYBOOK_OUTGOING_ALLOW", parsing.peers, NOTHING)
    _check_together(reading)
    settings = Settings(
        host=host,
        port=port,
        api_processes=reading.take("DAYBOOK_API_PROCESSES", parsing.integer(1, API_PROCESSES_MAX), 1),
        public_url=reading.take("DAYBOOK_PUBLIC_URL", parsing.web_address, default_url(host, port)),
        data_dir=Path(reading.text("DAYBOOK_DATA_DIR") or ".daybook").absolute(),
        given_secret_key=reading.maybe("DAYBOOK_SECRET_KEY", parsing.secret),
        secret_key_previous=reading.maybe("DAYBOOK_SECRET_KEY_PREVIOUS", parsing.secret),
        database_url=reading.maybe("DATABASE_URL", parsing.address("postgresql", "postgres")),
        database_direct_url=reading.maybe("DATABASE_DIRECT_URL", parsing.address("postgresql", "postgres")),
        redis_url=reading.maybe("REDIS_URL", parsing.address("redis", "rediss", "unix")),
        redis_server=reading.maybe("DAYBOOK_REDIS_SERVER", parsing.program),
        s3_endpoint=reading.maybe("S3_ENDPOINT", parsing.web_address),
        s3_access_key=reading.text("S3_ACCESS_KEY"),
        s3_secret_key=reading.text("S3_SECRET_KEY"),
        s3_bucket=reading.text("S3_BUCKET"),
        s3_region=reading.text("S3_REGION") or "us-east-1",
        s3_public_endpoint=reading.maybe("S3_PUBLIC_ENDPOINT", parsing.web_address),
        catalogue=reading.maybe("DAYBOOK_CATALOGUE", parsing.readable_file),
        price_book=reading.maybe("DAYBOOK_PRICE_BOOK", parsing.readable_file),
        till_period_seconds=reading.maybe("DAYBOOK_TILL_PERIOD_SECONDS", parsing.integer(1, TILL_PERIOD_SECONDS_MAX)),
        vendors=_vendors(reading),
        stripe_secret_key=reading.maybe("STRIPE_SECRET_KEY", parsing.stripe_key),
        stripe_webhook_secret=reading.take("STRIPE_WEBHOOK_SECRET", parsing.webhook_secrets, NOTHING),
        stripe_api_base=reading.take("STRIPE_API_BASE", parsing.trusted_address, "https://api.stripe.com"),
        backup_days=reading.take("DAYBOOK_BACKUP_DAYS", parsing.integer(0, 3_650), 35),
        welcome_credits=reading.take("DAYBOOK_WELCOME_CREDITS", parsing.integer(0, CREDITS_MAX), 25),
        upload_quota_bytes=reading.take("DAYBOOK_UPLOAD_QUOTA_BYTES", parsing.integer(0, UPLOAD_QUOTA_MAX), UPLOAD_QUOTA_BYTES),
        upload_retention_days=reading.maybe("DAYBOOK_UPLOAD_RETENTION_DAYS", parsing.integer(1, RETENTION_DAYS_MAX)),
        result_retention_days=reading.maybe("DAYBOOK_RESULT_RETENTION_DAYS", parsing.integer(1, RETENTION_DAYS_MAX)),
        welcome_per_day=reading.take("DAYBOOK_WELCOME_PER_DAY", parsing.integer(0, CREDITS_MAX), WELCOME_PER_DAY),
        account_concurrency=reading.maybe("DAYBOOK_ACCOUNT_CONCURRENCY", parsing.integer(1, ACCOUNT_CONCURRENCY_MAX)),
        provider_concurrency=reading.take("DAYBOOK_PROVIDER_CONCURRENCY", parsing.counts, {}),
        rate_limits=reading.take("DAYBOOK_RATE_LIMITS", parsing.rate_limits, NO_OVERRIDES),
        trusted_proxies=reading.take("DAYBOOK_TRUSTED_PROXIES", parsing.networks, NOTHING),
        cors_origins=reading.take("DAYBOOK_CORS_ORIGINS", parsing.origins, NOTHING),
        outgoing_allow=outgoing,
        webhook_retries=reading.take("DAYBOOK_WEBHOOK_RETRIES", parsing.pauses, RETRY_SECONDS),
        delivery_days=reading.take("DAYBOOK_DELIVERY_DAYS", parsing.integer(1, DELIVERY_DAYS_MAX), 30),
        log_name=reading.take("DAYBOOK_LOG_NAME", parsing.log_name, "daybook.local"),
        checkpoint_events=reading.take("DAYBOOK_CHECKPOINT_EVENTS", parsing.integer(1, CHECKPOINT_EVENTS_MAX), 1_000),
        checkpoint_seconds=reading.take("DAYBOOK_CHECKPOINT_SECONDS", parsing.integer(1, 86_400), 10),
        metrics_token=reading.maybe("DAYBOOK_METRICS_TOKEN", parsing.token),
        metrics_port=reading.maybe("DAYBOOK_METRICS_PORT", parsing.integer(1, parsing.PORT_MAX)),
        otel_exporter_otlp_endpoint=reading.maybe("OTEL_EXPORTER_OTLP_ENDPOINT", parsing.web_address),
        log_level=reading.take("DAYBOOK_LOG_LEVEL", parsing.choice("debug", "info", "warning", "error"), "info"),
        log_format=reading.maybe("DAYBOOK_LOG_FORMAT", parsing.choice("console", "json")),
        runtime_parent=reading.text("XDG_RUNTIME_DIR"),
        warnings=(*_unknown(environ), *_opened(outgoing)),
    )
    if reading.mistakes:
        raise SettingsError(reading.mistakes)
    return settings


def _vendors(reading: Reading) -> dict[str, Access]:
    found = {
        vendor.word: Access(
            base_url=reading.maybe(f"{vendor.word}_BASE_URL", parsing.web_address),
            api_key=reading.maybe(f"{vendor.word}_API_KEY", parsing.header_value),
            callback_secret=reading.text(f"{vendor.word}_CALLBACK_SECRET") if vendor.callbacks else None,
            jwks_url=reading.maybe(f"{vendor.word}_JWKS_URL", parsing.web_address) if vendor.published_keys else None,
        )
        for vendor in VENDORS
    }
    return {word: access for word, access in found.items() if access != Access()}


def default_url(host: str, port: int) -> str:
    """Where a browser on this machine finds the API."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _check_together(reading: Reading) -> None:
    """Variables that only make sense with others."""
    if reading.text("DATABASE_URL") and not reading.text("DAYBOOK_SECRET_KEY"):
        reading.mistakes.append(
            "DAYBOOK_SECRET_KEY is required with DATABASE_URL: every process needs the same one. Make it once with: openssl rand -base64 32"
        )
    reading.needs("DATABASE_DIRECT_URL", "DATABASE_URL")
    for vendor in VENDORS:
        if vendor.required:
            reading.needs(f"{vendor.word}_API_KEY", f"{vendor.word}_BASE_URL")
    given = [name for name in S3_REQUIRED if reading.text(name)]
    missing = [name for name in S3_REQUIRED if not reading.text(name)]
    if given and missing:
        reading.mistakes.append(
            f"{', '.join(missing)} must be set too, because {given[0]} is; without any of them objects go to the data directory."
        )
    reading.needs("S3_PUBLIC_ENDPOINT", "S3_ENDPOINT")
    reading.needs("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    reading.needs("STRIPE_WEBHOOK_SECRET", "STRIPE_SECRET_KEY")
    reading.needs("STRIPE_API_BASE", "STRIPE_SECRET_KEY")


def _unknown(environ: Mapping[str, str]) -> list[str]:
    """A line for each DAYBOOK_ variable that nothing reads: most likely a slip of the pen."""
    lines = []
    for name in sorted(name for name in environ if name.startswith("DAYBOOK_") and name not in NAMES):
        near = difflib.get_close_matches(name, NAMES, n=1)
        lines.append(f"{name} is not a setting of Daybook" + (f"; did you mean {near[0]}?" if near else "."))
    return lines


def _opened(outgoing: tuple[str, ...]) -> list[str]:
    return [f"DAYBOOK_OUTGOING_ALLOW lets outgoing requests reach {', '.join(outgoing)}, public or not."] if outgoing else []
