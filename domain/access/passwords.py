"""Which passwords are accepted."""

from domain.access.refusals import PasswordRefused
from domain.kernel.limits import PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN


def checked_password(password: str, pointer: str) -> str:
    """*password* itself; *pointer* is where it stands in the request.   Raises PasswordRefused.

    The upper limit is bcrypt's: it counts bytes of UTF-8, and what is beyond would not be compared.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        raise _refused(pointer, f"must have at least {PASSWORD_CHARS_MIN} characters")
    size = len(password.encode())
    if size > PASSWORD_BYTES_MAX:
        raise _refused(pointer, f"has {size} bytes in UTF-8; at most {PASSWORD_BYTES_MAX} are possible")
    return password


def _refused(pointer: str, reason: str) -> PasswordRefused:
    return PasswordRefused(reason=reason, errors=[(pointer, reason)])
