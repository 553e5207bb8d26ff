"""Public links to an asset: made, ended, and followed by whoever has one."""

import hashlib
import math
import secrets
from datetime import timedelta
from uuid import UUID

from api.kit.answer import Answer, created, no_content, redirect
from api.kit.call import Call
from api.shapes.assets import ShareBody, shared_url, shown_asset
from domain.accounts.account import Account
from domain.assets.asset import Asset, share_claim
from domain.assets.commands import ShareAsset, UnshareAsset
from domain.assets.refusals import AssetNotFound, ShareNotFound
from domain.kernel.commands import Receipt
from domain.kernel.limits import SHARE_SECONDS_DEFAULT, SHARED_URL_SECONDS
from projections.assets.assets import row_of


async def share(call: Call, id: UUID, body: ShareBody | None) -> Answer:
    """Make a public link that ends by itself. One from before ends at once."""
    seconds = SHARE_SECONDS_DEFAULT if body is None else body.expires_in
    token = secrets.token_urlsafe(24)
    key = await call.platform.vault.key(call.account_id)
    command = ShareAsset(
        asset_id=id,
        account_id=call.account_id,
        token_hash=hash_of(token),
        sealed_token=key.seal(token),
        expires_at=call.now + timedelta(seconds=seconds),
    )
    return await call.execute(command, status=201)


async def shared(call: Call, receipt: Receipt) -> Answer:
    """The asset with its link, as it was made."""
    asset = await call.platform.journal.load(Asset, UUID(receipt.result["asset_id"]), until=receipt.position)
    if asset is None or asset.sealed_share_token is None:
        raise AssetNotFound()
    key = await call.platform.vault.key(call.account_id)
    link = shared_url(call, key.open(asset.sealed_share_token))
    return created(shown_asset(call, key, row_of(asset)), link)


async def unshare(call: Call, id: UUID) -> Answer:
    """End the public link, if there is one."""
    return await call.execute(UnshareAsset(asset_id=id, account_id=call.account_id), status=204, render=_unshared)


async def _unshared(call: Call, receipt: Receipt) -> Answer:
    return no_content()


async def follow(call: Call, token: str) -> Answer:
    """Where the bytes of a shared asset are. The link is the permission; it works until it expires or is ended."""
    asset = await _shared_by(call, token)
    left = math.floor((asset.share_expires_at - call.now).total_seconds()) if asset.share_expires_at else 0
    filename = (await call.platform.vault.key(asset.account_id)).open(asset.sealed_filename)
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    if call.request.method == "HEAD":
        # Said here: a bucket's signed address answers one method only.
        about = {"accept-ranges": "bytes", "content-length": str(asset.bytes), "content-type": asset.content_type}
        return Answer(200, headers={**headers, **about})
    seconds = max(1, min(SHARED_URL_SECONDS, left))
    url = call.platform.objects.url(
        asset.object_key, now=call.now, expires_seconds=seconds, content_type=asset.content_type, filename=filename
    )
    answer = redirect(url)
    answer.headers.update(headers)
    return answer


async def _shared_by(call: Call, token: str) -> Asset:
    """Raises ShareNotFound; also while its owner is suspended or being erased."""
    token_hash = hash_of(token)
    stream = await call.platform.journal.claimed(share_claim(token_hash))
    asset = None if stream is None else await call.platform.journal.load(Asset, stream)
    if asset is None or not asset.shared_by(token_hash, now=call.now):
        raise ShareNotFound()
    owner = await call.platform.journal.load(Account, asset.account_id)
    if owner is None or owner.status != "active":
        raise ShareNotFound()
    return asset


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
