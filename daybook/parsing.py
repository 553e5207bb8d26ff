"""Text of an environment variable to a value. A ValueError's message follows the variable's name in a sentence."""

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

#: Buckets of rate limits that DAYBOOK_RATE_LIMITS may override.
BUCKETS = ("anonymous", "api", "auth", "generations", "inbound", "purchases", "refresh", "sensitive", "video")
COUNT = re.compile(r"(?P<name>[a-z0-9-]{1,40})=(?P<count>[1-9][0-9]{0,3})")
LIMIT = re.compile(r"(?P<bucket>[a-z_-]+)=(?P<limit>[1-9]\d{0,8}/[1-9]\d{0,7})")
HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})")
LOG_NAME = re.compile(r"[0-9A-Za-z]([0-9A-Za-z._:/-]{0,98}[0-9A-Za-z])?")
HOST = re.compile(r"[0-9A-Za-z.:_-]+")
PORT_MAX = 65_535
PAUSES_MAX = 20
PAUSE_SECONDS_MAX = 7 * 86_400
SECRET_BYTES_MIN = 32
TOKEN_CHARACTERS_MIN = 16


def integer(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from *low* to *high*."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def choice(*words: str) -> Callable[[str], str]:
    """A parser of one of *words*, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {text!r}")
        return text.lower()

    return parse


def address(*schemes: str) -> Callable[[str], str]:
    """A parser of URLs with one of *schemes*. Never repeats the value: it may hold a password."""

    def parse(text: str) -> str:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        try:
            parts = urlsplit(text)
            port_is_fine = parts.port is None or 0 < parts.port <= PORT_MAX
        except ValueError:
            raise ValueError(f"is not an address; it must begin with {wanted}") from None
        if parts.scheme not in schemes or not (parts.netloc or parts.path) or not port_is_fine:
            raise ValueError(f"is not an address; it must begin with {wanted}")
        return text

    return parse


def web_address(text: str) -> str:
    """An http or https URL without query or fragment; the closing slash is dropped."""
    parts = urlsplit(address("http", "https")(text))
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address such as https://example.com, without user, query or fragment")
    return text.rstrip("/")


def log_name(text: str) -> str:
    """A schema-less URL, as C2SP checkpoints name logs: no blanks, no plus, no closing slash."""
    if not LOG_NAME.fullmatch(text):
        raise ValueError(f"must be a name such as books.example.com or example.com/books, not {text!r}")
    return text


def host(text: str) -> str:
    """A host name or address to listen on."""
    if not HOST.fullmatch(text):
        raise ValueError(f"must be a host name or an address such as 127.0.0.1, not {text!r}")
    return text


def secret(text: str) -> str:
    """A key long enough to be one. Never repeats the value."""
    if len(text.encode()) < SECRET_BYTES_MIN:
        raise ValueError(f"must have at least {SECRET_BYTES_MIN} bytes; make one with: openssl rand -base64 32")
    return text


def token(text: str) -> str:
    """A bearer token. Never repeats the value."""
    if len(text) < TOKEN_CHARACTERS_MIN or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(f"must have at least {TOKEN_CHARACTERS_MIN} visible ASCII characters")
    return text


def header_value(text: str) -> str:
    """A key that is sent in a header. Never repeats the value."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be visible ASCII characters without spaces")
    return text


def stripe_key(text: str) -> str:
    """A secret or restricted key of Stripe, whose beginning says whether its money is real. Never repeats the value."""
    if not re.fullmatch(r"(sk|rk)_(live|test)_[A-Za-z0-9_]{8,250}", text, re.ASCII):
        raise ValueError("must be a secret key of Stripe: sk_test_…, sk_live_…, rk_test_… or rk_live_…")
    return text


def webhook_secrets(text: str) -> tuple[str, ...]:
    """One secret, or several while one replaces another. Never repeats the value."""
    for part in listed(text):
        if not re.fullmatch(r"whsec_[!-~]{8,250}", part, re.ASCII):
            raise ValueError("must be signing secrets of Stripe webhook endpoints, whsec_…, separated by commas")
    return tuple(listed(text))


def trusted_address(text: str) -> str:
    """A web address to which a key may be sent: encrypted, or on this very machine."""
    parts = urlsplit(web_address(text))
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must begin with https://, because a secret key is sent there")
    return text.rstrip("/")


def readable_file(text: str) -> Path:
    """A file that is there."""
    if not (Path(text).is_file() and os.access(text, os.R_OK)):
        raise ValueError(f"names {text!r}, which is not a readable file")
    return Path(text).absolute()


def program(text: str) -> str:
    """An executable file."""
    if not (Path(text).is_file() and os.access(text, os.X_OK)):
        raise ValueError(f"names {text!r}, which is not an executable file")
    return str(Path(text).absolute())


def listed(text: str) -> list[str]:
    """The parts between commas, without blanks and empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def pauses(text: str) -> tuple[int, ...]:
    """Seconds, at least one pause and at most twenty."""
    found = tuple(integer(0, PAUSE_SECONDS_MAX)(part) for part in listed(text))
    if not 0 < len(found) <= PAUSES_MAX:
        raise ValueError(f"must be 1 to {PAUSES_MAX} whole numbers of seconds separated by commas")
    return found


def networks(text: str) -> tuple[str, ...]:
    """CIDRs; a bare address is a network of one."""
    try:
        return tuple(str(ip_network(part)) for part in listed(text))
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8, separated by commas: {error}") from None


def origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them, or `*`."""
    for part in listed(text):
        parts = urlsplit(part)
        if part != "*" and (parts.scheme not in ("http", "https") or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != part):
            raise ValueError(f"must be origins such as https://app.example.com, or *, separated by commas; {part!r} is none")
    return tuple(listed(text))


def peers(text: str) -> tuple[str, ...]:
    """host:port pairs."""
    for part in listed(text):
        match = HOST_AND_PORT.fullmatch(part)
        if not match or not 0 < int(match[2]) <= PORT_MAX:
            raise ValueError(f"must be host:port pairs separated by commas; {part!r} is none")
    return tuple(listed(text))


def counts(text: str) -> Mapping[str, int]:
    """name=count pairs."""
    found: dict[str, int] = {}
    for part in listed(text):
        match = COUNT.fullmatch(part)
        if not match:
            raise ValueError(f"must be name=count pairs separated by commas; {part!r} is none")
        if match["name"] in found:
            raise ValueError(f"sets {match['name']!r} twice")
        found[match["name"]] = int(match["count"])
    return found


def rate_limits(text: str) -> Mapping[str, str] | None:
    """Overrides bucket -> `count/seconds`; none for `default`; None for `off`."""
    if text.lower() in ("default", "off"):
        return {} if text.lower() == "default" else None
    found: dict[str, str] = {}
    for part in listed(text):
        match = LIMIT.fullmatch(part)
        if not match:
            raise ValueError(f"must be default, off, or overrides such as api=6000/60,auth=100/3600; {part!r} is none")
        if match["bucket"] not in BUCKETS:
            raise ValueError(f"has no limit named {match['bucket']!r}; there are {', '.join(BUCKETS)}")
        if match["bucket"] in found:
            raise ValueError(f"sets {match['bucket']!r} twice")
        found[match["bucket"]] = match["limit"]
    return found
