"""Makes the providers where they are needed. A module of its own: it is sent to child processes, which then load no more than this."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.ports import LongProvider, Provider


def made(*args: Any, outgoing_allow: Sequence[str], **settings: Any) -> Mapping[str, Provider | LongProvider]:
    """See `workers.providers.registry.providers`. Loaded late: the renderer brings numpy, and only workers draw."""
    from infra.outgoing.http import PinnedHttp
    from workers.providers.registry import providers

    return providers(*args, outgoing=PinnedHttp(allow=outgoing_allow), **settings)
