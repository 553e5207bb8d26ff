"""No secret is in the repository, and the scan that says so finds those that are put there."""

import pytest

from tests.architecture.source import ROOT
from tests.security.secrets_scan import found_in, tracked

KNOWN = ROOT / "tests" / "security" / "secrets_known.txt"
#: Put together here, so that this file is clean itself.
PLANTED = {
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp_" + "aB3" * 12,
    "Google": "AIza" + "aB3_x" * 7,
    "JWT": "eyJ" + "hbGciOiJI" + ".eyJ" + "zdWIiOiIx" * 2 + "." + "c2lnbmF0" * 4,
    "OpenAI and its like": "sk-" + "proj-" + "aB3x" * 8,
    "private key": "-----BEGIN " + "EC PRIVATE KEY-----",
    "Replicate": "r8_" + "aB3x" * 9,
    "Slack": "xoxb-" + "123456789012",
    "Stripe": "sk_live_" + "aB3x" * 6,
    "ours": "dbk_" + "aB3x" * 11,
    "password in an address": "postgresql://daybook:" + "x9Kd72mQ@db.internal/daybook",
    "too random for a word": "q8ZrT1vXw0" + "Lk3Jh5Gf7Ds9Ap2Oi4Uy6Te",
}


def rules() -> list[tuple[str, str, str]]:
    """Path, beginning and reason of what is known to be none."""
    lines = KNOWN.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            path, begins, why = (part.strip() for part in line.split("|"))
            assert path and begins and why, line
            found.append((path, begins, why))
    return found


def known(found, rule: tuple[str, str, str]) -> bool:
    path, begins, _ = rule
    return path in ("*", found.path) and (begins == "*" or found.text.startswith(begins))


def test_nothing_that_is_tracked_looks_like_a_secret():
    everything = [found for path, text in tracked().items() for found in found_in(path, text)]
    assert [str(found) for found in everything if not any(known(found, rule) for rule in rules())] == []
    assert [rule for rule in rules() if not any(known(found, rule) for found in everything)] == [], "known, and not there any more"


@pytest.mark.parametrize(("kind", "text"), PLANTED.items())
def test_a_secret_is_found_wherever_it_stands(kind, text):
    assert kind in {found.kind for found in found_in("x.py", f'# nothing\nKEY = "{text}"\n')}


@pytest.mark.parametrize(
    "text",
    [
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "01936b2e-0000-7000-8000-00000000a11c",
        "test_nothing_that_is_tracked_looks_like_a_secret_at_all",
        "postgresql://daybook:***@db/daybook",
        "projections/notary/proof_refusals/AccountNotSealed",
    ],
)
def test_a_hash_an_id_a_name_or_a_masked_password_is_none(text):
    assert list(found_in("x.py", text)) == []
