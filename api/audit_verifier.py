"""The program that checks proofs, handed out by whom it checks. Who has it from elsewhere can compare."""

import hashlib
from functools import cache
from pathlib import Path

from api.kit.answer import Answer
from api.kit.call import Call

PROGRAM = Path(__file__).parent.parent / "docs" / "verify_proof.py"


async def verifier(call: Call) -> Answer:
    """The stand-alone program that checks proofs and exports: Python 3.9 or newer and `cryptography`. The ETag is its SHA-256."""
    program, digest = _program()
    return Answer(200, program, etag=digest, content_type="text/plain; charset=utf-8")


@cache
def _program() -> tuple[bytes, str]:
    program = PROGRAM.read_bytes()
    return program, hashlib.sha256(program).hexdigest()
