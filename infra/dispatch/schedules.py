"""The port `SchedulesDue`: schedules whose moment has come, as their read model knows them."""

from domain.ports import Connections
from domain.schedules.ports import DueSchedule
from projections.schedules.schedules import due_schedules


class PostgresSchedulesDue:
    """Implements `domain.schedules.ports.SchedulesDue`. A read model that is behind only makes a moment come later."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def schedules(self, limit: int) -> list[DueSchedule]:
        async with self._connections.connection() as connection:
            return await due_schedules(connection, limit=limit)
