"""How a key is shown to a provider. It stands in a header of one request, and nowhere else."""

from collections.abc import Callable

from workers.providers.wire.failures import failed

KeyHeaders = Callable[[str], dict[str, str]]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def named(header: str) -> KeyHeaders:
    """The bare key in a header of the provider's own."""
    return lambda key: {header: key}


def worded(word: str) -> KeyHeaders:
    """`Authorization: <word> <key>`."""
    return lambda key: {"Authorization": f"{word} {key}"}


def headers_of(show: KeyHeaders, key: str | None) -> dict[str, str]:
    """The headers for *key*; none without one.   Raises ProviderFailure.

    A key that is no header value is refused here: the HTTP library would quote it in its complaint.
    """
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        raise failed("auth")
    return show(key)
