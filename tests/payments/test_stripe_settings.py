"""Connecting Stripe: which settings are taken, and what a mistake in them says."""

import pytest

from daybook.payments import payments_of
from daybook.settings import Settings, SettingsError, load
from daybook.variables import masked

KEYS = {"STRIPE_SECRET_KEY": "sk_test_0123456789", "STRIPE_WEBHOOK_SECRET": "whsec_0123456789"}


def mistakes(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load(environ)
    return refusal.value.mistakes


async def adapter(settings: Settings) -> tuple[str, bool]:
    payments = payments_of(settings)
    await payments.close()
    return payments.name, payments.livemode


async def test_without_a_key_there_is_the_test_till():
    settings = load({})
    assert (settings.stripe_secret_key, settings.stripe_webhook_secret) == (None, ())
    assert await adapter(settings) == ("test", False)


@pytest.mark.parametrize(("kind", "livemode"), [("sk_test", False), ("rk_test", False), ("sk_live", True), ("rk_live", True)])
async def test_the_key_says_whether_its_money_is_real(kind, livemode):
    settings = load(KEYS | {"STRIPE_SECRET_KEY": f"{kind}_0123456789"})
    assert settings.stripe_api_base == "https://api.stripe.com"
    assert await adapter(settings) == ("stripe", livemode)


def test_several_webhook_secrets_while_one_replaces_another():
    settings = load(KEYS | {"STRIPE_WEBHOOK_SECRET": " whsec_newnewnew , whsec_oldoldold "})
    assert settings.stripe_webhook_secret == ("whsec_newnewnew", "whsec_oldoldold")


@pytest.mark.parametrize("name", KEYS)
def test_one_without_the_other_stops_the_start(name):
    (other,) = set(KEYS) - {name}
    assert mistakes(**{name: KEYS[name]}) == [f"{name} is set, but {other} is not; set {other} too, or leave {name} out."]


@pytest.mark.parametrize(
    "key", ["pk_test_0123456789", "sk_0123456789", "hunter2", "sk_test_", "sk_test_0123456789\nX: y", "sk_test_é23456789"]
)
def test_what_is_no_secret_key_is_refused_without_being_repeated(key):
    (sentence,) = mistakes(**(KEYS | {"STRIPE_SECRET_KEY": key}))
    assert sentence == "STRIPE_SECRET_KEY must be a secret key of Stripe: sk_test_…, sk_live_…, rk_test_… or rk_live_…."


@pytest.mark.parametrize("secret", ["hunter2hunter2", "whsec_", "whsec_0123456789,hunter2hunter2"])
def test_what_is_no_webhook_secret_is_refused_without_being_repeated(secret):
    (sentence,) = mistakes(**(KEYS | {"STRIPE_WEBHOOK_SECRET": secret}))
    assert sentence.startswith("STRIPE_WEBHOOK_SECRET must be") and "hunter2" not in sentence


@pytest.mark.parametrize("base", ["https://stripe.example.com/", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_the_key_goes_only_where_nobody_listens(base):
    assert load(KEYS | {"STRIPE_API_BASE": base}).stripe_api_base == base.rstrip("/")


@pytest.mark.parametrize("base", ["http://stripe.example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://a@b.example.com"])
def test_an_address_where_somebody_may_listen_is_refused(base):
    (sentence,) = mistakes(**(KEYS | {"STRIPE_API_BASE": base}))
    assert sentence.startswith("STRIPE_API_BASE ")


def test_both_are_secrets_where_settings_are_shown():
    assert [masked(name, KEYS[name]) for name in KEYS] == ["***", "***"]
    assert "0123456789" not in repr(load(KEYS))
