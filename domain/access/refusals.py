"""What is refused at the door."""

from domain.kernel.refusals import Gone, Unauthenticated, Unavailable, Unprocessable


class Erased(Gone):
    """The person's data key is destroyed, and with it everything he wrote."""

    detail = "This was erased."


class InvalidToken(Unauthenticated):
    """There is no credential, or it is unknown, expired, revoked or altered."""

    detail = "A valid access token or API token is needed."


class KeysMissing(Unavailable):
    """The database names a key epoch whose key is not in the object store: another bucket or directory, or a copy that is too old."""

    detail = "The keys of epoch {epoch} are not in the object store."


class PasswordRefused(Unprocessable):
    detail = "The password {reason}."


class PasswordsBusy(Unavailable):
    """Too many passwords wait to be hashed: better an answer now than one after the client has left."""

    detail = "Too many people are logging in at the moment. Try again in {retry_after} s."


class RefreshTokenInvalid(Unauthenticated):
    """Unknown, lapsed, or its session has ended. Log in again."""

    detail = "The refresh token is not valid. Log in again."


class RefreshTokenReused(Unauthenticated):
    """A refresh token works once. Whoever shows a used one may be a thief, so the session has ended for everybody."""

    detail = "The refresh token was used before, so this session has ended. Log in again."


class WrongCredentials(Unauthenticated):
    """Unknown e-mail or wrong password: which of the two is not told."""

    detail = "The e-mail address or the password is wrong."
