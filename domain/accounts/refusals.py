"""What an account refuses."""

from domain.kernel.refusals import Conflicting, Forbidden, Missing, Unprocessable


class AccountNotFound(Missing):
    detail = "There is no such account."


class AccountSuspended(Forbidden):
    detail = "This account is suspended."


class ApiTokenNotFound(Missing):
    detail = "There is no such API token."


class CurrentPasswordWrong(Unprocessable):
    detail = "The current password is wrong."


class EmailTaken(Conflicting):
    detail = "An account with this e-mail address exists already."


class ErasureNotRequested(Conflicting):
    """The erasure of an account begins with its request."""

    detail = "Nobody asked for the erasure of this account."


class ExpiryPassed(Unprocessable):
    detail = "The expiry must be in the future."


class OwnSuspension(Conflicting):
    """Nobody locks himself out by a slip of the pen."""

    detail = "Operators cannot suspend their own account; another operator can."


class PasswordChangedMeanwhile(Conflicting):
    detail = "The password was changed by another request. Sign in again."


class ProfileChangedMeanwhile(Conflicting):
    """The new profile was made from one that is no longer in force; made again from the present one it fits."""

    detail = "The account was changed by another request. Read it again."


class ResetTokenInvalid(Unprocessable):
    detail = "The reset token is wrong, used or expired. Ask an operator for a new one."


class TooManyApiTokens(Conflicting):
    detail = "An account has at most {limit} API tokens. Revoke one first."
    shown = ("limit",)
