"""What all routes of one application share."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import structlog

from api.kit.access_log import AccessLog
from api.kit.addresses import address_reader
from api.kit.freshness import Freshness
from api.kit.idempotency import Twins
from api.kit.limits import Limits
from api.kit.places import Flights, Places
from api.kit.responses import Responder
from api.platform import Platform


class Kit:
    """Made once per application, before it serves."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.address = address_reader(platform.trusted_proxies)
        self.freshness = Freshness(platform)
        self.limits = Limits(platform)
        self.twins = Twins()
        self.places = Places()
        self.flights = Flights()
        #: Set when the process begins to stop.
        self.drain = asyncio.Event()
        self.responder = Responder(platform, self.drain)
        self.log = structlog.get_logger().bind()
        self.logged = AccessLog(self.log)

    @staticmethod
    def link_query(filters: Mapping[str, Any], cursor: str) -> str:
        """The query of the next page: the filters of this one, and the cursor."""
        return urlencode({**{name: value for name, value in filters.items() if name != "cursor"}, "cursor": cursor}, doseq=True)
