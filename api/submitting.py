"""From a request to the command that asks for a generation: model, params, price, deadlines, sealed words."""

from datetime import datetime, timedelta
from typing import Any

from api.kit.call import Call
from api.shapes.submissions import Asked, Submission
from domain.generations.commands import RequestGeneration
from domain.generations.params import checked_params
from domain.generations.quote import quote
from domain.generations.refusals import ModelRetired, TimesRefused
from domain.generations.words import Words
from domain.kernel.limits import DEADLINE_SECONDS_DEFAULT, DEADLINE_SECONDS_MAX, RUN_AT_SECONDS_MAX
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
    quoted = quote(model, params)
    run_at, start_deadline, deadline = times_of(asked, call.now)
    key = await call.platform.vault.key(call.account_id)
    words = Words(prompt=asked.prompt, negative_prompt=params.pop("negative_prompt", None), tags=asked.tags)
    sealed = words.sealed(key)
    call.just_sealed = sealed, words
    return RequestGeneration(
        generation_id=call.platform.ids.new(),
        account_id=call.account_id,
        kind=model.kind,
        model=model.id,
        provider=model.provider,
        queue=model.kind,
        params=params,
        inputs=[],
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
    )


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
