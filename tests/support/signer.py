"""The part of the vault that signs, with a fixed key."""

import hashlib
import hmac


class TestSigner:
    __test__ = False

    def sign(self, purpose: str, data: bytes) -> bytes:
        return hmac.new(b"key of the tests", purpose.encode() + b"\0" + data, hashlib.sha256).digest()

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(purpose, data), signature)
