"""What is kept, as the scheduler asks for it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec


class KeptAsset(msgspec.Struct, frozen=True, kw_only=True):
    """An asset that is not deleted. `position`: of its first fact."""

    asset_id: UUID
    account_id: UUID
    position: int
    #: A generation has it as an input, since the time that counts or still to come; or a public link leads to it.
    used: bool


class KeptAssets(Protocol):
    """By the database's clock."""

    async def older(self, source: str, days: int, *, after: int, limit: int) -> Sequence[KeptAsset]:
        """Assets of *source* ("upload", "generation") stored more than *days* ago, behind position *after*, oldest first."""
