"""What limits how much runs, out of the catalogue and the settings."""

from collections.abc import Mapping

import msgspec

from domain.providers.catalogue import Catalogue, Model

EVERYBODY = "*"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """`scope`: account, model or provider; `name` is whose, EVERYBODY is each account without a limit of its own.

    `most` of its generations are under way at once. Of all models in one `lane`, at most `submits` reach their provider in any window
    of `seconds`.
    """

    scope: str
    name: str
    most: int | None = None
    lane: str | None = None
    submits: int | None = None
    seconds: int | None = None


def limits_of(catalogue: Catalogue, *, account: int | None = None, providers: Mapping[str, int] | None = None) -> list[Limit]:
    """*account*: at once for each account; *providers*: at once for each of these."""
    found = [_of(model) for model in catalogue.models if model.concurrency_max is not None or model.rate_limit is not None]
    found += [Limit(scope="provider", name=name, most=most) for name, most in (providers or {}).items()]
    return found if account is None else [*found, Limit(scope="account", name=EVERYBODY, most=account)]


def _of(model: Model) -> Limit:
    if model.rate_limit is None:
        return Limit(scope="model", name=model.id, most=model.concurrency_max)
    submits, seconds = (int(part) for part in model.rate_limit.split("/"))
    # A vendor counts what comes from us, whichever model it is for.
    lane = f"{model.provider} {model.rate_limit}"
    return Limit(scope="model", name=model.id, most=model.concurrency_max, lane=lane, submits=submits, seconds=seconds)
