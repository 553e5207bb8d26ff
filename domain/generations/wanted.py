"""From what a caller wants to the command that asks for it: model, params, price, deadlines, sealed words. Nothing in here waits."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.generations.commands import RequestGeneration
from domain.generations.kinds.kind import InputRef
from domain.generations.kinds.table import KINDS
from domain.generations.params import checked_params, private_part
from domain.generations.quote import Rate, quote, rate_of
from domain.generations.refusals import ModelRetired, TimesRefused, WantRefused
from domain.generations.words import Words
from domain.kernel.limits import DEADLINE_SECONDS_DEFAULT, DEADLINE_SECONDS_MAX, RUN_AT_SECONDS_MAX
from domain.kernel.refusals import Unprocessable
from domain.ports import SubjectKey
from domain.providers.catalogue import Catalogue, Model

#: Unicode's white space, and what shows nothing at all.
BLANK = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
RUN_AT_MAX = timedelta(seconds=RUN_AT_SECONDS_MAX)
DEADLINE_DEFAULT, DEADLINE_MAX = timedelta(seconds=DEADLINE_SECONDS_DEFAULT), timedelta(seconds=DEADLINE_SECONDS_MAX)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request in the caller's words; also what a schedule asks for each time."""

    kind: str
    prompt: str = ""
    model: str | None = None
    params: dict[str, Any] = {}
    inputs: list[InputRef] = []
    priority: str = "normal"
    run_at: datetime | None = None
    start_deadline: datetime | None = None
    deadline: datetime | None = None
    tags: list[str] = []
    #: Tried in this order when the model before cannot make it.
    fallback_models: list[str] = []
    webhook_url: str | None = None


class Times(msgspec.Struct, frozen=True):
    """`run_at` None: now."""

    run_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime


class Fitting(msgspec.Struct, frozen=True):
    """A request that fits its model: complete params, and the most that it can cost at `rate`."""

    model: Model
    params: dict[str, Any]
    rate: Rate
    quoted: int
    times: "Times"
    #: Runs on the caller's own key at the provider.
    own_key: bool = False
    #: Welcome credits may pay for whatever it falls back on.
    free_fallbacks: bool = True


def fitted(catalogue: Catalogue, wanted: Wanted, *, now: datetime) -> Fitting:
    """At the model's rate.   Raises ModelNotFound, ModelRetired, ParamsRefused, WantRefused, TimesRefused."""
    model = catalogue.model(wanted.kind, wanted.model)
    if model.retires_at is not None and model.retires_at <= now.date():
        raise ModelRetired(model=model.id, replacement=model.replacement, errors=[("/model", "has retired")])
    params = checked_params(model, wanted.params)
    _check_prompt(model, wanted.prompt, params)
    _check_inputs(model, wanted.inputs)
    rate = rate_of(model, params)
    return Fitting(model, params, rate, quote(model, params, wanted.prompt, rate), times_of(wanted, now))


def with_fallbacks(catalogue: Catalogue, wanted: Wanted, fitting: Fitting, *, now: datetime) -> Fitting:
    """Every fallback takes the same params and inputs, and the hold suffices for the dearest of them.

    Fallbacks run on the installation's own keys.   Raises WantRefused, naming the one that does not fit.
    """
    most, seen, free = fitting.quoted, {fitting.model.id}, True
    for number, model_id in enumerate(wanted.fallback_models):
        pointer = f"/fallback_models/{number}"
        if model_id in seen:
            raise _refused(pointer, "is named before")
        seen.add(model_id)
        asked = msgspec.structs.replace(wanted, model=model_id, params=fitting.params)
        try:
            other = fitted(catalogue, asked, now=now)
        except Unprocessable as refusal:
            raise _refused(pointer, f"cannot make the same: {refusal}") from refusal
        if other.model.provider not in catalogue.open_providers:
            raise _refused(pointer, "is of a provider for which this installation has no key")
        most, free = max(most, other.quoted), free and other.model.free_tier
    return msgspec.structs.replace(fitting, quoted=most, free_fallbacks=free)


def on_own_key(wanted: Wanted, fitting: Fitting, rate: Rate) -> Fitting:
    """The same on the caller's own key, at the price book's *rate* for that."""
    quoted = quote(fitting.model, fitting.params, wanted.prompt, rate)
    return msgspec.structs.replace(fitting, rate=rate, quoted=quoted, own_key=True)


def words_of(wanted: Wanted, fitting: Fitting) -> Words:
    """What is sealed of it."""
    private = private_part(fitting.model.kind, fitting.params)
    inputs = [named(ref) for ref in wanted.inputs]
    return Words(prompt=wanted.prompt, tags=wanted.tags, private=private, inputs=inputs, webhook_url=wanted.webhook_url)


def request_of(
    wanted: Wanted,
    fitting: Fitting,
    words: Words,
    *,
    generation_id: UUID,
    account_id: UUID,
    key: SubjectKey,
    price_version: int,
) -> RequestGeneration:
    """The command. What the caller wrote is sealed here; nothing after this point sees it in the clear."""
    model, rate, private = fitting.model, fitting.rate, words.private
    return RequestGeneration(
        generation_id=generation_id,
        account_id=account_id,
        kind=model.kind,
        model=model.id,
        provider=model.provider,
        queue=model.kind,
        params={name: value for name, value in fitting.params.items() if name not in private},
        inputs=[{"asset_id": ref.asset_id} if ref.asset_id is not None else {"url": None} for ref in wanted.inputs],
        sealed=words.sealed(key),
        tag_index=sorted({key.index(tag) for tag in wanted.tags}),
        priority=wanted.priority,
        quoted=fitting.quoted,
        price_version=price_version,
        on_cancel=model.on_cancel,
        run_at=fitting.times.run_at,
        start_deadline=fitting.times.start_deadline,
        deadline=fitting.times.deadline,
        # Welcome credits do not pay for what others charge us; on an own key they charge us nothing.
        free_tier=(model.free_tier or fitting.own_key) and fitting.free_fallbacks,
        fallback_models=wanted.fallback_models,
        rate=rate.amount,
        rate_unit=rate.unit,
        rate_per=rate.per,
        own_key=fitting.own_key,
        webhook=None if wanted.webhook_url is None else key.index(wanted.webhook_url),
    )


def times_of(wanted: Wanted, now: datetime) -> Times:
    """Raises TimesRefused."""
    run_at = wanted.run_at if wanted.run_at is not None and wanted.run_at > now else None
    begin = run_at or now
    if run_at is not None and run_at > now + RUN_AT_MAX:
        raise _untimely("run_at", f"must be within {RUN_AT_SECONDS_MAX // 86_400} days")
    deadline = wanted.deadline or begin + DEADLINE_DEFAULT
    if not begin < deadline <= begin + DEADLINE_MAX:
        raise _untimely("deadline", f"must be later than its beginning, and by at most {DEADLINE_SECONDS_MAX // 86_400} days")
    if wanted.start_deadline is not None and not begin < wanted.start_deadline <= deadline:
        raise _untimely("start_deadline", "must be later than the beginning and not later than the deadline")
    return Times(run_at, wanted.start_deadline, deadline)


def references(wanted: Wanted, params: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Everything that is to be fetched for it, with its place in the request."""
    for number, ref in enumerate(wanted.inputs):
        yield f"/inputs/{number}", named(ref)
    if mask := params.get("mask"):
        yield "/params/mask", mask


def named(ref: InputRef) -> dict[str, str]:
    """As it is sealed."""
    return {name: value for name, value in (("asset_id", ref.asset_id), ("url", ref.url)) if value is not None}


def _check_prompt(model: Model, prompt: str, params: dict[str, Any]) -> None:
    """Of white space nothing is made."""
    # Nearly all begin with a letter.
    if prompt[:1].isalpha() or any(unicodedata.category(character) not in BLANK for character in prompt):
        return
    if KINDS[model.kind].prompt_required:
        raise _refused("/prompt", f"is required for {model.kind}")
    if model.kind == "text" and not params["messages"]:
        raise _refused("/prompt", "is required when there are no messages")


def _check_inputs(model: Model, inputs: list[InputRef]) -> None:
    if not model.inputs_min <= len(inputs) <= model.inputs_max:
        raise _refused("/inputs", _how_many(model))
    for number, ref in enumerate(inputs):
        if len(named(ref)) != 1:
            raise _refused(f"/inputs/{number}", "needs either asset_id or url")


def _how_many(model: Model) -> str:
    if model.inputs_max == 0:
        return "must be empty: this model takes none"
    if model.inputs_min == model.inputs_max:
        return f"must be exactly {model.inputs_max}"
    return f"must be from {model.inputs_min} to {model.inputs_max}"


def _refused(pointer: str, sentence: str) -> WantRefused:
    return WantRefused(summary=f"{pointer} {sentence}", errors=[(pointer, sentence)])


def _untimely(field: str, sentence: str) -> TimesRefused:
    return TimesRefused(field=field, reason=sentence, errors=[(f"/{field}", sentence)])
