"""Why the words of old events cannot be read."""

from domain.assets.storage import StoreUnavailable
from domain.kernel.refusals import Unavailable


class ArchiveUnavailable(Unavailable):
    """A segment of the archive is missing or not what was written. The log's own rows are whole; `daybook archive --check` says more."""

    detail = "The archived events from position {first} on cannot be read: {why}."
    shown = ("first",)


#: What passes when the archive can be read again.
ARCHIVE_AWAY = (ArchiveUnavailable, StoreUnavailable)
