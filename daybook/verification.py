"""The book, checked, in words."""

from collections.abc import Callable

from daybook.schema import direct_url
from daybook.settings import Settings
from projections.audit.verify import verify


async def verified(settings: Settings, advance: Callable[[int, int], None] = lambda done, of: None) -> tuple[list[str], bool]:
    """What to say, and whether everything agrees. *advance* is told (done, of) now and then."""
    report = await verify(direct_url(settings), advance)
    if not report.ok:
        return ["audit verify: differs", f"  {report.first_difference}"], False
    compared = [f"  {name} agrees at position {position}" for name, position in report.models.items()]
    return ["audit verify: ok", f"  {report.events} events replayed", *compared], True
