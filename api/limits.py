"""Which endpoints count in which buckets, and whose count it is."""

import hashlib
from typing import Any

from api.kit.call import Call
from api.kit.route import Limit
from api.shapes.access import Login, Refresh, Registration
from api.shapes.submissions import Asked

#: `dbr_` and the part of a refresh token that names its session; what follows is secret.
SESSION_CHARS = 25


def _address(call: Call, body: Any) -> str:
    return call.subject_address


def _email(call: Call, body: Login | Registration) -> str:
    """The keyed index, so that no address stands in Redis."""
    return call.platform.vault.email_index(body.email)


def _family(call: Call, body: Refresh) -> str:
    return hashlib.sha256(body.refresh_token[:SESSION_CHARS].encode()).hexdigest()


def _video(asked: Asked) -> int:
    return 1 if asked.kind == "video" else 0


GENERATIONS = [Limit("generations"), Limit("video", cost=_video)]
#: A batch counts its items, and passes or fails whole.
BATCH = [
    Limit("generations", cost=lambda body: len(body.generations)),
    Limit("video", cost=lambda body: sum(map(_video, body.generations))),
]
#: Failed logins count by address and by e-mail; successful ones are free.
LOGIN = [Limit("auth", by=_address, counts="refused"), Limit("auth", by=_email, counts="refused")]
#: Whatever becomes of it: outside systems send what they like.
INBOUND = [Limit("inbound", counts="always")]
PURCHASES = [Limit("purchases")]
#: Never by address: a household shares it.
REFRESH = [Limit("auth", by=_family, counts="refused"), Limit("refresh", by=_family, counts="always")]
#: A refused registration tells whether an address is taken, so it counts too.
REGISTER = [Limit("auth", by=_address, counts="always"), Limit("auth", by=_email, counts="always")]
RESET = [Limit("auth", by=_address, counts="refused")]
SENSITIVE = [Limit("sensitive", counts="always")]
