"""Generated secrets, kept beside the data with mode 0600."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def kept(file: Path) -> str:
    """The secret in *file*, made on the first call: 43 characters, 256 bits, safe in URLs and configuration files.

    However many processes make one at once, all get the same.
    """
    return _read(file) or _make(file)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""


def _make(file: Path) -> str:
    text = secrets.token_urlsafe(32)
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as output:
            output.write(text + "\n")
            output.flush()
            os.fsync(output.fileno())
        # A link appears whole or not at all, and never in the place of another.
        with suppress(FileExistsError):  # somebody else was first, and theirs is the secret
            os.link(new, file)
    finally:
        new.unlink()
    found = _read(file)
    if found:
        return found
    # Something emptied the file; who repairs it need not fear a second.
    file.write_text(text + "\n")
    file.chmod(0o600)
    return text
