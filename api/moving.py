"""How far running generations are: read beside the log, and never part of a version or of what a replay repeats."""

from collections.abc import Sequence
from uuid import UUID

from api.kit.call import Call
from api.shapes.generations import Generation


async def show_progress(call: Call, generations: Sequence[Generation]) -> None:
    """Fill in the running ones of *generations*; 0.0 stays where nothing is known."""
    running = {UUID(each.id): each for each in generations if each.status == "running"}
    if running and call.platform.progress is not None:
        for generation_id, share in (await call.platform.progress.of(list(running))).items():
            running[generation_id].progress = share
