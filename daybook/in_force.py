"""Settings as the environment variables that would give them, the embedded engines' addresses included."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from daybook.engines import addresses
from daybook.settings import Settings


def in_force(settings: Settings) -> dict[str, str]:
    """Variable -> value, in the order of `variables.py`; what is not set and has no default is left out."""
    engines = addresses(settings.data_dir)
    database = settings.database_url or (engines and engines.database_url) or ""
    values = {
        "DAYBOOK_HOST": settings.host,
        "DAYBOOK_PORT": str(settings.port),
        "DAYBOOK_API_PROCESSES": str(settings.api_processes),
        "DAYBOOK_PUBLIC_URL": settings.public_url,
        "DAYBOOK_DATA_DIR": str(settings.data_dir),
        "DAYBOOK_SECRET_KEY": _secret_key(settings),
        "DAYBOOK_SECRET_KEY_PREVIOUS": settings.secret_key_previous,
        "DAYBOOK_BACKUP_DAYS": str(settings.backup_days),
        "DATABASE_URL": database,
        "DATABASE_DIRECT_URL": settings.database_direct_url or database,
        "REDIS_URL": settings.redis_url or (engines and engines.redis_url),
        "DAYBOOK_REDIS_SERVER": settings.redis_server,
        "S3_ENDPOINT": settings.s3_endpoint,
        "S3_ACCESS_KEY": settings.s3_access_key,
        "S3_SECRET_KEY": settings.s3_secret_key,
        "S3_BUCKET": settings.s3_bucket,
        "S3_REGION": settings.s3_region if settings.s3_endpoint else None,
        "S3_PUBLIC_ENDPOINT": settings.s3_public_endpoint,
        "DAYBOOK_CATALOGUE": settings.catalogue and str(settings.catalogue),
        "DAYBOOK_PRICE_BOOK": settings.price_book and str(settings.price_book),
        "DAYBOOK_TILL_PERIOD_SECONDS": settings.till_period_seconds and str(settings.till_period_seconds),
        **_vendors(settings),
        "STRIPE_SECRET_KEY": settings.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": ",".join(settings.stripe_webhook_secret),
        "STRIPE_API_BASE": settings.stripe_api_base if settings.stripe_secret_key else None,
        "DAYBOOK_WELCOME_CREDITS": str(settings.welcome_credits),
        "DAYBOOK_WELCOME_PER_DAY": str(settings.welcome_per_day),
        "DAYBOOK_RATE_LIMITS": _rate_limits(settings),
        "DAYBOOK_TRUSTED_PROXIES": ",".join(settings.trusted_proxies),
        "DAYBOOK_CORS_ORIGINS": ",".join(settings.cors_origins),
        "DAYBOOK_OUTGOING_ALLOW": ",".join(settings.outgoing_allow),
        "DAYBOOK_WEBHOOK_RETRIES": ",".join(map(str, settings.webhook_retries)),
        "DAYBOOK_DELIVERY_DAYS": str(settings.delivery_days),
        "DAYBOOK_LOG_NAME": settings.log_name,
        "DAYBOOK_CHECKPOINT_EVENTS": str(settings.checkpoint_events),
        "DAYBOOK_CHECKPOINT_SECONDS": str(settings.checkpoint_seconds),
        "DAYBOOK_METRICS_TOKEN": settings.metrics_token,
        "DAYBOOK_METRICS_PORT": settings.metrics_port and str(settings.metrics_port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": settings.otel_exporter_otlp_endpoint,
        "DAYBOOK_LOG_LEVEL": settings.log_level,
        "DAYBOOK_LOG_FORMAT": settings.log_format,
    }
    return {name: value for name, value in values.items() if value}


def _vendors(settings: Settings) -> dict[str, str | None]:
    return {
        f"{word}_{name.upper()}": getattr(access, name) for word, access in settings.vendors.items() for name in access.__struct_fields__
    }


class RedisCli(NamedTuple):
    socket: str
    password: str


def redis_cli(url: str) -> RedisCli | None:
    """Socket and password of a `unix://` address; None for others, which redis-cli takes with `-u`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return None
    return RedisCli(unquote(parts.path), unquote(parts.password or ""))


def _secret_key(settings: Settings) -> str:
    """Showing settings makes none: a key that was not needed yet is left out."""
    kept = settings.data_dir / "secret-key"
    if settings.given_secret_key is None and not kept.exists():
        return ""
    return settings.secret_key().decode()


def _rate_limits(settings: Settings) -> str:
    if settings.rate_limits is None:
        return "off"
    return ",".join(f"{bucket}={limit}" for bucket, limit in settings.rate_limits.items()) or "default"
