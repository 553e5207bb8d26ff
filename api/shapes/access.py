"""What goes in and out at the door."""

from typing import Annotated, Literal

from msgspec import Meta

from api.kit.shapes import Body, Id, Moment, Shown
from api.shapes.accounts import Account, Name, Role
from domain.kernel.limits import EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN
from domain.kernel.patterns import END

#: One `@` with something before it and a name with a dot behind it. Whether mail arrives is for mail to find out.
Email = Annotated[str, Meta(max_length=EMAIL_CHARS_MAX, pattern=r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+" + END)]
#: A new password. The upper limit counts bytes of UTF-8, which a schema cannot say.
NewPassword = Annotated[
    str, Meta(min_length=PASSWORD_CHARS_MIN, description=f"{PASSWORD_CHARS_MIN} characters to {PASSWORD_BYTES_MAX} bytes of UTF-8.")
]
#: A password to compare: whatever it is, it is only ever right or wrong.
GivenPassword = Annotated[str, Meta(max_length=1_000)]
Token = Annotated[str, Meta(min_length=1, max_length=2_048)]


class Registration(Body):
    email: Email
    password: NewPassword
    name: Name | None = None
    first_name: Name | None = None
    last_name: Name | None = None


class Login(Body):
    email: Annotated[str, Meta(max_length=EMAIL_CHARS_MAX)]
    password: GivenPassword


class Refresh(Body):
    refresh_token: Token


class PasswordChange(Body):
    current_password: GivenPassword
    new_password: NewPassword


class PasswordReset(Body):
    """`token` is the one-time token that an operator gave out."""

    token: Token
    new_password: NewPassword


class TokenCheck(Body):
    """The access token or API token to look at; without a body it is the one in `Authorization`."""

    token: Token


class Tokens(Shown):
    """`expires_in`: seconds until the access token expires. A refresh token works once and gives the next pair."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class Session(Shown):
    account: Account
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class TokenState(Shown):
    """`scopes` is null for a session, which may do whatever the roles allow. All but `valid` is null for a bad token."""

    valid: bool
    account_id: Id | None
    roles: list[Role] | None
    scopes: list[str] | None
    expires_at: Moment | None
