"""Who looks at files: child processes of this process, apart from those that make things."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from infra.media.media import ChildMedia
from workers.children import Children


@contextmanager
def looking_at_media() -> Iterator[ChildMedia]:
    """Until the block ends. A child begins when it is first needed."""
    at_once = os.cpu_count() or 1
    children = Children(at_once)
    try:
        yield ChildMedia(children, at_once=at_once)
    finally:
        children.close()
