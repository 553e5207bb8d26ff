"""Generated secrets, kept beside the data with mode 0600."""

import os
import secrets
from pathlib import Path


def kept(file: Path) -> str:
    """The secret in *file*, made on the first call: 43 characters, 256 bits, safe in URLs and configuration files."""
    try:
        text = file.read_text().strip()
    except FileNotFoundError:
        text = ""
    return text or _make(file)


def _make(file: Path) -> str:
    text = secrets.token_urlsafe(32)
    new = file.with_name(file.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text + "\n")
        output.flush()
        os.fsync(output.fileno())
    new.replace(file)
    return text
