"""The door: register, log in, stay in, log out, change and reset passwords, look at a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.kit.answer import Answer, created, no_content, ok
from api.kit.call import Call
from api.kit.shapes import moment
from api.sessions import begun, logged_in
from api.shapes.access import Login, PasswordChange, PasswordReset, Refresh, Registration, TokenCheck, Tokens, TokenState
from domain.access.passwords import checked_password
from domain.access.ports import Principal
from domain.access.refusals import WrongCredentials
from domain.access.reset_tokens import account_of_reset, hash_of
from domain.accounts.account import Account
from domain.accounts.commands import ChangePassword, RegisterAccount, ResetPassword
from domain.accounts.profile import Profile
from domain.accounts.refusals import AccountNotFound, AccountSuspended, CurrentPasswordWrong, EmailTaken, ResetTokenInvalid
from domain.kernel.refusals import Gone, Unauthenticated
from projections.accounts.registrations import welcomes_left


async def register(call: Call, body: Registration) -> Answer:
    """Make an account and begin a session. Welcome credits are granted in the same moment."""
    platform = call.platform
    checked_password(body.password, "/password")
    email_index = platform.vault.email_index(body.email)
    if await platform.journal.claimed(f"email:{email_index}") is not None:
        raise EmailTaken()
    password_hash = await platform.passwords.hash(body.password)
    account_id = platform.ids.new()
    key = await platform.vault.create(account_id)
    profile = Profile(email=body.email, name=body.name, first_name=body.first_name, last_name=body.last_name)
    async with _welcome(call, email_index) as welcome_credits:
        command = RegisterAccount(
            account_id=account_id,
            sealed_profile=profile.sealed(key),
            email_index=email_index,
            sealed_password_hash=key.seal(password_hash),
            roles=["user"],
            welcome_grant_id=platform.ids.new(),
            welcome_credits=welcome_credits,
        )
        receipt = await platform.journal.execute(command, await call.context(status=201))
    answer = created(await begun(call, account_id), "/v1/me")
    answer.position = receipt.position
    return answer


async def login(call: Call, body: Login) -> Answer:
    """Begin a session."""
    vault, journal = call.platform.vault, call.platform.journal
    account_id = await journal.claimed(f"email:{vault.email_index(body.email)}")
    # An unknown address takes the same steps as a known one, so that neither answer nor duration tells them apart.
    steps_for = account_id or call.platform.ids.new()
    account = await journal.load(Account, steps_for)
    try:
        key = await vault.key(steps_for)
    except Gone:
        account = None
    password_hash = None if account is None else key.open(account.sealed_password_hash)
    if not await call.platform.passwords.verify(body.password, password_hash) or account is None:
        raise WrongCredentials()
    if account.status == "suspended":
        raise AccountSuspended()
    return ok(await begun(call, account.id))


async def refresh(call: Call, body: Refresh) -> Answer:
    """The next pair of tokens. The refresh token works once; for ten seconds a repeat gets the same successor."""
    issued = await call.platform.sessions.refresh(body.refresh_token, now=call.now)
    return ok(
        Tokens(access_token=issued.access_token, refresh_token=issued.refresh_token, token_type="Bearer", expires_in=issued.expires_in)
    )


async def logout(call: Call) -> Answer:
    """End this session: its access and refresh tokens stop working."""
    assert call.principal is not None and call.principal.session is not None, "the route needs a session"
    await call.platform.sessions.end(call.principal.session, now=call.now)
    return no_content()


async def change_password(call: Call, body: PasswordChange) -> Answer:
    """Every session ends, this one too; the answer is a new one."""
    checked_password(body.new_password, "/new_password")
    platform = call.platform
    account = await platform.journal.load(Account, call.account_id)
    if account is None:
        raise AccountNotFound()
    key = await platform.vault.key(account.id)
    if not await platform.passwords.verify(body.current_password, key.open(account.sealed_password_hash)):
        raise CurrentPasswordWrong(errors=[("/current_password", "is wrong")])
    command = ChangePassword(
        account_id=account.id,
        sealed_password_hash=key.seal(await platform.passwords.hash(body.new_password)),
        expected_hash=account.sealed_password_hash,
    )
    return await logged_in(call, command, account.id)


async def reset_password(call: Call, body: PasswordReset) -> Answer:
    """Set a new password with the one-time token from an operator. Every session ends."""
    checked_password(body.new_password, "/new_password")
    platform = call.platform
    account_id, token_hash = account_of_reset(body.token), hash_of(body.token)
    account = await platform.journal.load(Account, account_id)
    # Looked at before the costly hash; what decides is the command.
    if account is None or account.reset is None or account.reset["token_hash"] != token_hash:
        raise ResetTokenInvalid(errors=[("/token", "wrong, used or expired")])
    key = await platform.vault.key(account_id)
    sealed = key.seal(await platform.passwords.hash(body.new_password))
    command = ResetPassword(account_id=account_id, token_hash=token_hash, sealed_password_hash=sealed)
    receipt = await platform.journal.execute(command, await call.context(status=204))
    await platform.sessions.end_all(account_id, now=call.now)
    answer = no_content()
    answer.position = receipt.position
    return answer


async def verify(call: Call, body: TokenCheck | None) -> Answer:
    """Whether a token is valid now, and for what. A bad one is an answer too, not an error."""
    if body is None:
        return _state_of(call.principal)
    try:
        return _state_of(await call.platform.credentials.authenticate(body.token))
    except (Unauthenticated, Gone):
        return _state_of(None)


async def verify_own(call: Call) -> Answer:
    """Whether the token in `Authorization` is valid now, and for what."""
    return _state_of(call.principal)


@asynccontextmanager
async def _welcome(call: Call, email_index: str) -> AsyncIterator[int]:
    """The welcome credits of one more account: none when the address had its own, or the day's share is used up."""
    platform = call.platform
    if platform.welcome_credits == 0 or await platform.journal.claimed(f"welcome:{email_index}") is not None:
        yield 0
        return
    async with welcomes_left(platform.reads, now=call.now, limit=platform.welcome_per_day) as left:
        yield platform.welcome_credits if left else 0


def _state_of(principal: Principal | None) -> Answer:
    """A suspended account's token opens nothing, so it is not valid."""
    if principal is None or principal.suspended:
        return ok(TokenState(valid=False, account_id=None, roles=None, scopes=None, expires_at=None))
    return ok(
        TokenState(
            valid=True,
            account_id=str(principal.account_id),
            roles=sorted(principal.roles),  # type: ignore[arg-type]
            scopes=None if principal.scopes is None else sorted(principal.scopes),
            expires_at=moment(principal.expires_at),
        )
    )
