"""A server for the case, and another host to which nothing secret may go. They run as long as the suite does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra.outgoing.http import PinnedHttp
from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import ProtocolServer
from tests.support.providers.case import Case


@pytest.fixture(scope="session")
def running() -> Iterator[Callable[[str, Callable[[], ProtocolServer]], ProtocolServer]]:
    """The server of that name, started on first use and well again at each."""
    servers: dict[str, ProtocolServer] = {}
    with ExitStack() as stack:

        def server(name: str, make: Callable[[], ProtocolServer]) -> ProtocolServer:
            if name not in servers:
                servers[name] = stack.enter_context(make())
            servers[name].reset()
            return servers[name]

        yield server


@pytest.fixture
def server(case: Case, running: Callable[[str, Callable[[], ProtocolServer]], ProtocolServer]) -> ProtocolServer:
    return running(case.name, case.server)


@pytest.fixture
def other(running: Callable[[str, Callable[[], ProtocolServer]], ProtocolServer]) -> ProtocolServer:
    return running("another host", OpenAIServer)


@pytest.fixture
def outgoing(server: ProtocolServer, other: ProtocolServer) -> PinnedHttp:
    """Fetches from the two servers, as it would from public hosts."""
    return PinnedHttp(allow=[server.authority, other.authority], seconds=5)
