"""Keys of objects, the same in both stores, so that a directory can later be copied into a bucket."""

import re

KEY_CHARS_MAX = 512
WORD = r"[a-z0-9][a-z0-9._-]{0,127}"
KEY = re.compile(rf"{WORD}(/{WORD})*")


def check_key(key: str) -> str:
    """*key* itself.   Raises ValueError: a bad key is a defect of ours, never a caller's mistake.

    A word begins with a letter or digit, so `..`, hidden files and absolute paths cannot be spelled.
    """
    if len(key) > KEY_CHARS_MAX or not KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key[:80]!r}")
    return key
