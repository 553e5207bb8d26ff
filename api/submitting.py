"""From a request to the command that asks for a generation: model, params, price, deadlines, sealed words."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.kit.call import Call
from api.kit.refusals import ValidationFailed
from api.reading import read_asset
from api.shapes.submissions import Asked, InputRef, Submission
from domain.assets.refusals import AssetNotFound
from domain.generations.commands import RequestGeneration
from domain.generations.kinds.table import KINDS
from domain.generations.params import checked_params, parted
from domain.generations.quote import quote, rate_of
from domain.generations.refusals import ModelRetired, TimesRefused
from domain.generations.words import Words
from domain.kernel.limits import DEADLINE_SECONDS_DEFAULT, DEADLINE_SECONDS_MAX, RUN_AT_SECONDS_MAX
from domain.outgoing.refusals import UrlRefused
from domain.providers.catalogue import Model


def chosen_model(call: Call, asked: Asked) -> Model:
    """Raises ModelNotFound, ModelRetired."""
    model = call.platform.catalogue.model(asked.kind, asked.model)
    if model.retires_at is not None and model.retires_at <= call.now.date():
        raise ModelRetired(model=model.id, replacement=model.replacement, errors=[("/model", "has retired")])
    return model


async def requested(call: Call, asked: Submission) -> RequestGeneration:
    """The command. What the caller wrote is sealed here; nothing after this point sees it in the clear."""
    model = chosen_model(call, asked)
    params = checked_params(model, asked.params)
    check_prompt(model, asked, params)
    await check_inputs(call, model, asked, params)
    rate = rate_of(model, params)
    quoted = quote(model, params, asked.prompt, rate)
    run_at, start_deadline, deadline = times_of(asked, call.now)
    key = await call.platform.vault.key(call.account_id)
    shown, private = parted(model.kind, params)
    words = Words(prompt=asked.prompt, tags=asked.tags, private=private, inputs=[named(ref) for ref in asked.inputs])
    sealed = words.sealed(key)
    call.just_sealed = sealed, words
    return RequestGeneration(
        generation_id=call.platform.ids.new(),
        account_id=call.account_id,
        kind=model.kind,
        model=model.id,
        provider=model.provider,
        queue=model.kind,
        params=shown,
        inputs=[{"asset_id": ref.asset_id} if ref.asset_id is not None else {"url": None} for ref in asked.inputs],
        sealed=sealed,
        tag_index=sorted({key.index(tag) for tag in asked.tags}),
        priority=asked.priority,
        quoted=quoted,
        price_version=call.platform.catalogue.price_version,
        on_cancel=model.on_cancel,
        run_at=run_at,
        start_deadline=start_deadline,
        deadline=deadline,
        free_tier=model.free_tier,
        rate=rate.amount,
        rate_unit=rate.unit,
        rate_per=rate.per,
    )


def check_prompt(model: Model, asked: Asked, params: dict[str, Any]) -> None:
    """Raises ValidationFailed."""
    if asked.prompt:
        return
    if KINDS[model.kind].prompt_required:
        raise _invalid("/prompt", f"is required for {model.kind}")
    if model.kind == "text" and not params["messages"]:
        raise _invalid("/prompt", "is required when there are no messages")


async def check_inputs(call: Call, model: Model, asked: Asked, params: dict[str, Any]) -> None:
    """Whether there are as many as the model takes, the assets are the caller's, and the URLs may be fetched.

    Raises ValidationFailed, UrlRefused.
    """
    given = len(asked.inputs)
    if not model.inputs_min <= given <= model.inputs_max:
        raise _invalid("/inputs", _how_many(model))
    mask = params.get("mask")
    places = [*((f"/inputs/{number}", named(ref)) for number, ref in enumerate(asked.inputs)), *([("/params/mask", mask)] if mask else [])]
    for pointer, ref in places:
        if (ref.get("asset_id") is None) == (ref.get("url") is None):
            raise _invalid(pointer, "needs either asset_id or url")
        if "asset_id" in ref:
            await _check_asset(call, pointer, ref["asset_id"])
        else:
            await _check_url(call, f"{pointer}/url", ref["url"])


async def _check_asset(call: Call, pointer: str, asset_id: str) -> None:
    try:
        await read_asset(call, UUID(asset_id))
    except (AssetNotFound, ValueError):
        raise _invalid(f"{pointer}/asset_id", "you have no such asset") from None


async def _check_url(call: Call, pointer: str, url: str) -> None:
    """It is judged again when it is fetched; whoever gave it shall hear at once."""
    try:
        await call.platform.outgoing.check(url)
    except UrlRefused as refused:
        raise UrlRefused(**refused.fields, errors=[(pointer, str(refused))]) from None


def named(ref: InputRef) -> dict[str, str]:
    """As it is sealed."""
    return {name: value for name, value in (("asset_id", ref.asset_id), ("url", ref.url)) if value is not None}


def _how_many(model: Model) -> str:
    if model.inputs_max == 0:
        return "must be empty: this model takes none"
    if model.inputs_min == model.inputs_max:
        return f"must be exactly {model.inputs_max}"
    return f"must be from {model.inputs_min} to {model.inputs_max}"


def _invalid(pointer: str, sentence: str) -> ValidationFailed:
    return ValidationFailed(reason=f"{sentence} at {pointer}", errors=[(pointer, sentence)])


def times_of(asked: Submission, now: datetime) -> tuple[datetime | None, datetime | None, datetime]:
    """run_at (None: now), start_deadline and deadline.   Raises TimesRefused."""
    run_at = asked.run_at if asked.run_at is not None and asked.run_at > now else None
    begin = run_at or now
    if run_at is not None and run_at > now + timedelta(seconds=RUN_AT_SECONDS_MAX):
        raise _refused("run_at", f"must be within {RUN_AT_SECONDS_MAX // 86_400} days")
    deadline = asked.deadline or begin + timedelta(seconds=DEADLINE_SECONDS_DEFAULT)
    if not begin < deadline <= begin + timedelta(seconds=DEADLINE_SECONDS_MAX):
        raise _refused("deadline", f"must be later than its beginning, and by at most {DEADLINE_SECONDS_MAX // 86_400} days")
    if asked.start_deadline is not None and not begin < asked.start_deadline <= deadline:
        raise _refused("start_deadline", "must be later than the beginning and not later than the deadline")
    return run_at, asked.start_deadline, deadline


def complete_params(model: Model, asked: Asked) -> dict[str, Any]:
    """The checked params with their defaults, in the order that generations show them."""
    return dict(sorted(checked_params(model, asked.params).items()))


def _refused(field: str, sentence: str) -> TimesRefused:
    return TimesRefused(field=field, reason=sentence, errors=[(f"/{field}", sentence)])
