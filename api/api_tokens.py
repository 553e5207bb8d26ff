"""API tokens: issue, list, revoke. All of it needs a session."""

import hashlib
import secrets
from uuid import UUID

from api.kit.answer import Answer, created, no_content
from api.kit.call import Call
from api.listing import page_of
from api.shapes.api_tokens import ApiTokenQuery, NewApiToken, issued_api_token, shown_api_token
from domain.accounts.account import Account
from domain.accounts.commands import IssueApiToken, RevokeApiToken
from domain.accounts.refusals import AccountNotFound, ExpiryPassed
from domain.kernel.commands import Receipt
from projections.accounts.api_tokens import page_of_api_tokens, rows_of

PREFIX = "dbk_"
SECRET_BYTES = 32


async def issue(call: Call, body: NewApiToken) -> Answer:
    """Issue a token. It is shown in this answer and never again."""
    if body.expires_at is not None and body.expires_at <= call.now:
        raise ExpiryPassed(errors=[("/expires_at", "must be in the future")])
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    key = await call.platform.vault.key(call.account_id)
    command = IssueApiToken(
        account_id=call.account_id,
        token_id=call.platform.ids.new(),
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        sealed_name=key.seal(body.name),
        scopes=sorted(set(body.scopes)),
        expires_at=body.expires_at,
    )
    return await call.execute(command, status=201, secret=token)


async def issued(call: Call, receipt: Receipt) -> Answer:
    account = await call.platform.journal.load(Account, call.account_id, until=receipt.position)
    if account is None:
        raise AccountNotFound()
    token_id = UUID(receipt.result["token_id"])
    row = next(row for row in rows_of(account) if row.id == token_id)
    key = await call.platform.vault.key(call.account_id)
    # Its owner may use it at once.
    call.platform.credentials.forget(call.account_id)
    return created(issued_api_token(key, row, call.secret), f"/v1/api-tokens/{token_id}")


async def listed(call: Call, query: ApiTokenQuery) -> Answer:
    """Your live tokens, newest first; never the tokens themselves."""
    key = await call.platform.vault.key(call.account_id)
    return await page_of(call, query, page_of_api_tokens, lambda row: shown_api_token(key, row), account_id=call.account_id)


async def revoke(call: Call, id: UUID) -> Answer:
    """Revoke a token. It stops working at once."""
    return await call.execute(RevokeApiToken(account_id=call.account_id, token_id=id), status=204, render=_revoked)


async def _revoked(call: Call, receipt: Receipt) -> Answer:
    call.platform.credentials.forget(call.account_id)
    return no_content()
