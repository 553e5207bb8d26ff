"""From a request to the command that asks for a generation: what of it only an edge can check, and the caller's key."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec

from api.kit.call import Call
from api.own_keys import terms_of
from api.reading import read_asset
from api.shapes.submissions import Asked, Submission
from domain.assets.refusals import AssetNotFound
from domain.generations.commands import RequestGeneration
from domain.generations.kinds.kind import InputRef
from domain.generations.refusals import WantRefused
from domain.generations.wanted import Fitting, Wanted, fitted, on_own_key, references, request_of, with_fallbacks, words_of
from domain.kernel.ids import webhooks_stream
from domain.kernel.refusals import Refusal
from domain.outgoing.refusals import UrlRefused
from domain.webhooks.refusals import WebhookSecretMissing
from domain.webhooks.webhooks import Webhooks

#: Where a link into the API or the object store names an asset.
IN_OUR_STORE = re.compile(r"/assets/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=[/?]|$)")


async def requested(call: Call, asked: Submission) -> RequestGeneration:
    """The command.   Raises what a request can be refused for."""
    wanted, fitting = await checked(call, asked)
    key = await call.platform.vault.key(call.account_id)
    words = words_of(wanted, fitting)
    command = request_of(
        wanted,
        fitting,
        words,
        generation_id=call.platform.ids.new(),
        account_id=call.account_id,
        key=key,
        price_version=call.platform.catalogue.price_version,
    )
    call.just_sealed = command.sealed, words
    return command


async def checked(call: Call, asked: Asked) -> tuple[Wanted, Fitting]:
    """Fits a model, the assets are the caller's, and the URLs may be fetched.

    Raises ProviderKeyRequired, ModelNotFound, ModelRetired, ParamsRefused, TimesRefused, WantRefused, UrlRefused, WebhookSecretMissing.
    """
    wanted = wanted_of(asked)
    if wanted.inputs and any(ref.url is not None for ref in wanted.inputs):
        wanted = msgspec.structs.replace(wanted, inputs=[await _without_detour(call, ref) for ref in wanted.inputs])
    fitting = fitted(call.platform.catalogue, wanted, now=call.now)
    if fitting.model.provider in call.platform.own_key_providers:
        terms = await terms_of(call, fitting.model, fitting.params)
        if terms.own_key:
            fitting = on_own_key(wanted, fitting, terms.rate)
    if wanted.fallback_models:
        fitting = with_fallbacks(call.platform.catalogue, wanted, fitting, now=call.now)
    for pointer, ref in references(wanted, fitting.params):
        if "asset_id" in ref:
            await _check_asset(call, f"{pointer}/asset_id", ref["asset_id"])
        else:
            await check_url(call, f"{pointer}/url", ref["url"])
    if wanted.webhook_url is not None:
        await _check_webhook(call, wanted.webhook_url)
    return wanted, fitting


@contextmanager
def faults_at(pointer: str) -> Iterator[None]:
    """Faults of a submission that is a part of the body, placed in the whole."""
    try:
        yield
    except Refusal as refusal:
        if "errors" not in refusal.fields:
            raise
        errors = [(pointer + place, sentence) for place, sentence in refusal.fields["errors"]]
        raise type(refusal)(**{**refusal.fields, "errors": errors}) from None


def wanted_of(asked: Asked) -> Wanted:
    """The same in the domain's words, which are those of the API."""
    return msgspec.convert(asked, Wanted, from_attributes=True)


async def _without_detour(call: Call, ref: InputRef) -> InputRef:
    """A link to an asset of the caller's own is that asset: nobody fetches from himself."""
    named = IN_OUR_STORE.search(ref.url or "")
    if ref.url is None or named is None:
        return ref
    try:
        asset = await read_asset(call, UUID(named[1]))
    except (AssetNotFound, ValueError):
        return ref
    stored = call.platform.objects.url(asset.object_key, now=call.now, expires_seconds=1, content_type=asset.content_type)
    page = f"{call.platform.public_url}/v1/assets/{asset.id}"
    ours = {page, f"{page}/content", stored.partition("?")[0]}
    return InputRef(asset_id=str(asset.id)) if ref.url.partition("?")[0] in ours else ref


async def _check_asset(call: Call, pointer: str, asset_id: str) -> None:
    """No kind takes anything but pictures.   Raises WantRefused."""
    try:
        asset = await read_asset(call, UUID(asset_id))
    except (AssetNotFound, ValueError):
        raise _want_refused(pointer, "you have no such asset") from None
    if asset.kind != "image":
        raise _want_refused(pointer, "must be a picture")


def _want_refused(pointer: str, sentence: str) -> WantRefused:
    return WantRefused(summary=f"{pointer} {sentence}", errors=[(pointer, sentence)])


async def _check_webhook(call: Call, url: str) -> None:
    """Raises WebhookSecretMissing, UrlRefused."""
    webhooks = await call.platform.journal.load(Webhooks, webhooks_stream(call.account_id))
    if webhooks is None or not webhooks.secrets:
        raise WebhookSecretMissing(errors=[("/webhook_url", "needs a secret to be signed with")])
    await check_url(call, "/webhook_url", url)


async def check_url(call: Call, pointer: str, url: str) -> None:
    """It is judged again when it is fetched; whoever gave it shall hear at once."""
    try:
        await call.platform.outgoing.check(url)
    except UrlRefused as refused:
        raise UrlRefused(**refused.fields, errors=[(pointer, str(refused))]) from None
