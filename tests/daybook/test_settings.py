"""Settings: what holds by default, what is refused and how it is said."""

from pathlib import Path

import pytest

from api.kit.limits import BUCKETS
from daybook import parsing
from daybook.callbacks import callback_base
from daybook.settings import Settings, SettingsError, default_url, load
from daybook.variables import NAMES, VARIABLES, example, masked, vendors
from domain.providers.vendors import Access

KEY = "k" * 32
DATABASE = {"DATABASE_URL": "postgresql://u:p@db/daybook", "DAYBOOK_SECRET_KEY": KEY}
S3 = {"S3_ENDPOINT": "https://s3.example.com", "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "s", "S3_BUCKET": "b"}


def mistakes(**environ: str) -> list[str]:
    """What `load` refuses about *environ*."""
    with pytest.raises(SettingsError) as refusal:
        load(environ)
    return refusal.value.mistakes


def test_an_empty_environment_means_the_embedded_engines_on_loopback():
    settings = load({})
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (settings.database_url, settings.redis_url, settings.s3_endpoint) == (None, None, None)
    assert (settings.welcome_credits, settings.rate_limits, settings.log_level, settings.warnings) == (25, {}, "info", ())
    assert settings.data_dir == Path(".daybook").absolute()


def test_an_empty_value_is_the_same_as_none():
    assert load(dict.fromkeys(NAMES, " ")) == load({})


def test_everything_can_be_set():
    settings = load(
        DATABASE
        | S3
        | {
            "DAYBOOK_HOST": "0.0.0.0",
            "DAYBOOK_PORT": "80",
            "DAYBOOK_PUBLIC_URL": "https://api.example.com/",
            "DATABASE_DIRECT_URL": "postgres://direct/daybook",
            "REDIS_URL": "rediss://:secret@cache:6380/0",
            "DAYBOOK_SECRET_KEY_PREVIOUS": "p" * 40,
            "DAYBOOK_RATE_LIMITS": "api=6000/60, auth=100/3600",
            "DAYBOOK_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "DAYBOOK_CORS_ORIGINS": "https://a.example.com,http://localhost:3000",
            "DAYBOOK_OUTGOING_ALLOW": "127.0.0.1:9000,[::1]:9001",
            "DAYBOOK_METRICS_TOKEN": "m" * 16,
            "DAYBOOK_LOG_LEVEL": "DEBUG",
            "DAYBOOK_LOG_FORMAT": "json",
            "OPENAI_COMPATIBLE_BASE_URL": "https://openrouter.ai/api/v1/",
            "OPENAI_COMPATIBLE_API_KEY": "key",
            "S3_PUBLIC_ENDPOINT": "https://media.example.com",
            "S3_REGION": "auto",
        }
    )
    assert (settings.port, settings.public_url) == (80, "https://api.example.com")
    assert settings.rate_limits == {"api": "6000/60", "auth": "100/3600"}
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert settings.cors_origins == ("https://a.example.com", "http://localhost:3000")
    assert settings.outgoing_allow == ("127.0.0.1:9000", "[::1]:9001")
    assert (settings.log_level, settings.log_format, settings.s3_region) == ("debug", "json", "auto")
    assert settings.vendors == {"OPENAI_COMPATIBLE": Access(base_url="https://openrouter.ai/api/v1", api_key="key")}
    assert settings.secret_key() == KEY.encode()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DAYBOOK_PORT", "eighty", "DAYBOOK_PORT must be a whole number from 1 to 65535, not 'eighty'."),
        ("DAYBOOK_PORT", "70000", "DAYBOOK_PORT must be a whole number from 1 to 65535, not '70000'."),
        ("DAYBOOK_PORT", "٨٠٠٠", "DAYBOOK_PORT must be a whole number from 1 to 65535, not '٨٠٠٠'."),
        ("DAYBOOK_HOST", "a b", "DAYBOOK_HOST must be a host name or an address such as 127.0.0.1, not 'a b'."),
        ("DAYBOOK_API_PROCESSES", "0", "DAYBOOK_API_PROCESSES must be a whole number from 1 to 64, not '0'."),
        ("DAYBOOK_API_PROCESSES", "65", "DAYBOOK_API_PROCESSES must be a whole number from 1 to 64, not '65'."),
        ("REDIS_URL", "localhost:6379", "REDIS_URL is not an address; it must begin with redis:// or rediss:// or unix://."),
        ("REDIS_URL", "redis://h:99999/0", "REDIS_URL is not an address; it must begin with redis:// or rediss:// or unix://."),
        ("DAYBOOK_LOG_LEVEL", "loud", "DAYBOOK_LOG_LEVEL must be one of debug, info, warning, error, not 'loud'."),
        ("DAYBOOK_WELCOME_CREDITS", "-1", "DAYBOOK_WELCOME_CREDITS must be a whole number from 0 to 1000000000, not '-1'."),
        ("DAYBOOK_OUTGOING_ALLOW", "localhost", "DAYBOOK_OUTGOING_ALLOW must be host:port pairs separated by commas; 'localhost' is none."),
        (
            "DAYBOOK_CORS_ORIGINS",
            "https://a.example.com/app",
            "DAYBOOK_CORS_ORIGINS must be origins such as https://app.example.com, or *, separated by commas; "
            "'https://a.example.com/app' is none.",
        ),
        (
            "DAYBOOK_TRUSTED_PROXIES",
            "10.0.0.1/8",
            "DAYBOOK_TRUSTED_PROXIES must be networks such as 10.0.0.0/8, separated by commas: 10.0.0.1/8 has host bits set.",
        ),
        ("DAYBOOK_CATALOGUE", "/nowhere.toml", "DAYBOOK_CATALOGUE names '/nowhere.toml', which is not a readable file."),
        ("DAYBOOK_REDIS_SERVER", "/nowhere", "DAYBOOK_REDIS_SERVER names '/nowhere', which is not an executable file."),
        (
            "DAYBOOK_PUBLIC_URL",
            "https://example.com/?a=1",
            "DAYBOOK_PUBLIC_URL must be an address such as https://example.com, without user, query or fragment.",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence_with_the_name_the_value_and_what_is_right(name, value, sentence):
    assert mistakes(**{name: value}) == [sentence]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("api=1", "'api=1' is none"),
        ("api=0/60", "'api=0/60' is none"),
        ("apis=1/60", "has no limit named 'apis'"),
        ("api=1/60,api=2/60", "sets 'api' twice"),
    ],
)
def test_a_wrong_or_unknown_rate_limit_stops_the_start(value, problem):
    assert problem in mistakes(DAYBOOK_RATE_LIMITS=value)[0]


def test_concurrency_is_a_count_for_each_account_and_provider():
    settings = load({"DAYBOOK_ACCOUNT_CONCURRENCY": "8", "DAYBOOK_PROVIDER_CONCURRENCY": "replicate=20, kie-veo=3"})
    assert (settings.account_concurrency, settings.provider_concurrency) == (8, {"replicate": 20, "kie-veo": 3})
    assert (load({}).account_concurrency, load({}).provider_concurrency) == (None, {})
    for wrong in ("replicate", "replicate=0", "fal=1,fal=2"):
        with pytest.raises(SettingsError):
            load({"DAYBOOK_PROVIDER_CONCURRENCY": wrong})


def test_rate_limits_are_default_off_or_overrides():
    assert load({"DAYBOOK_RATE_LIMITS": "default"}).rate_limits == {}
    assert load({"DAYBOOK_RATE_LIMITS": "off"}).rate_limits is None
    assert load({"DAYBOOK_RATE_LIMITS": "video=1/5"}).rate_limits == {"video": "1/5"}


def test_the_limits_that_may_be_overridden_are_those_the_api_counts():
    assert set(parsing.BUCKETS) == set(BUCKETS)


def test_all_mistakes_are_named_at_once():
    found = mistakes(DAYBOOK_PORT="x", DAYBOOK_LOG_FORMAT="xml", DAYBOOK_WELCOME_CREDITS="much")
    assert [sentence.split()[0] for sentence in found] == ["DAYBOOK_PORT", "DAYBOOK_WELCOME_CREDITS", "DAYBOOK_LOG_FORMAT"]


def test_no_sentence_repeats_a_secret():
    found = mistakes(
        DATABASE_URL="mysql://u:hunter2@h/d", DAYBOOK_SECRET_KEY="hunter2", DAYBOOK_METRICS_TOKEN="hunter2", REDIS_URL="http://:hunter2@h"
    )
    assert len(found) == 4
    assert "hunter2" not in "\n".join(found)
    assert "hunter2" not in repr(load(DATABASE | {"DAYBOOK_METRICS_TOKEN": "hunter2" * 3}))


def test_a_database_of_ones_own_needs_a_key_of_ones_own():
    assert mistakes(DATABASE_URL="postgresql://db/daybook")[0].startswith("DAYBOOK_SECRET_KEY is required with DATABASE_URL")
    assert mistakes(DATABASE_URL="postgresql://db/daybook", DAYBOOK_SECRET_KEY="ä" * 15) == [
        "DAYBOOK_SECRET_KEY must have at least 32 bytes; make one with: openssl rand -base64 32."
    ]


def test_half_an_object_store_is_refused_naming_the_other_half():
    assert mistakes(S3_ENDPOINT="https://s3.example.com", S3_BUCKET="b") == [
        "S3_ACCESS_KEY, S3_SECRET_KEY must be set too, because S3_ENDPOINT is; without any of them objects go to the data directory."
    ]
    assert load(S3).s3_bucket == "b"


@pytest.mark.parametrize(
    ("alone", "other"),
    [
        ({"DATABASE_DIRECT_URL": "postgresql://h/d"}, "DATABASE_URL"),
        ({"OPENAI_COMPATIBLE_API_KEY": "x"}, "OPENAI_COMPATIBLE_BASE_URL"),
        ({"S3_PUBLIC_ENDPOINT": "https://h"}, "S3_ENDPOINT"),
    ],
)
def test_a_setting_that_means_nothing_alone_is_refused(alone, other):
    name = next(iter(alone))
    assert mistakes(**alone) == [f"{name} is set, but {other} is not; set {other} too, or leave {name} out."]


def test_an_unknown_daybook_variable_is_a_warning_with_the_nearest_name():
    warnings = load({"DAYBOOK_PROT": "80", "DAYBOOK_ZZZZZZZZZZ": "1", "OTHER": "x"}).warnings
    assert warnings == (
        "DAYBOOK_PROT is not a setting of Daybook; did you mean DAYBOOK_PORT?",
        "DAYBOOK_ZZZZZZZZZZ is not a setting of Daybook.",
    )


def test_opening_the_way_to_private_addresses_is_a_warning():
    assert load({"DAYBOOK_OUTGOING_ALLOW": "127.0.0.1:9000"}).warnings == (
        "DAYBOOK_OUTGOING_ALLOW lets outgoing requests reach 127.0.0.1:9000, public or not.",
    )


def test_the_key_of_the_embedded_engines_is_made_once_and_kept_for_its_owner_alone(tmp_path):
    settings = load({"DAYBOOK_DATA_DIR": str(tmp_path / "da ta")})
    first = settings.secret_key()
    assert len(first) >= 32
    assert settings.secret_key() == first
    assert (settings.data_dir / "secret-key").stat().st_mode & 0o777 == 0o600


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        load({}).port = 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::", "http://[::1]:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::1", "http://[::1]:1"),
        ("box.example.com", "http://box.example.com:1"),
    ],
)
def test_the_default_public_url_is_one_a_browser_here_can_open(host, url):
    assert default_url(host, 1) == url


def test_env_example_lists_every_setting_and_is_up_to_date():
    assert Path(".env.example").read_text(encoding="utf-8") == example()


def test_every_field_of_settings_has_its_variable():
    fields = set(Settings.__struct_fields__) - {"runtime_parent", "vendors", "warnings"}
    renamed = {"given_secret_key": "secret_key"}
    of_vendors = {variable.name for variable in vendors()}
    variables = {variable.name.removeprefix("DAYBOOK_").lower() for variable in VARIABLES if variable.name not in of_vendors}
    assert {renamed.get(field, field) for field in fields} == variables


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DAYBOOK_PORT", "80", "80"),
        ("S3_SECRET_KEY", "abc", "***"),
        ("DATABASE_URL", "postgresql://u:p@h:1/d?host=%2Frun", "postgresql://u:***@h:1/d?host=%2Frun"),
        ("DATABASE_URL", "postgresql://h/d?password=x", "postgresql://h/d?***"),
        ("REDIS_URL", "unix://:p@/run/redis.sock", "unix://:***@/run/redis.sock"),
    ],
)
def test_secrets_are_masked_when_shown(name, value, shown):
    assert masked(name, value) == shown


def test_providers_call_back_where_they_can_reach_us():
    assert callback_base(load({"DAYBOOK_PUBLIC_URL": "https://daybook.example"})) == "https://daybook.example"
    assert callback_base(load({})) is None
    here = {"DAYBOOK_PUBLIC_URL": "http://127.0.0.1:8000"}
    assert callback_base(load(here)) is None
    assert callback_base(load({**here, "DAYBOOK_OUTGOING_ALLOW": "127.0.0.1:8000"})) == here["DAYBOOK_PUBLIC_URL"]
