"""A server for the case, and another host to which nothing secret may go."""

from collections.abc import Iterator

import pytest

from infra.outgoing.http import PinnedHttp
from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import ProtocolServer
from tests.support.providers.case import Case


@pytest.fixture
def server(case: Case) -> Iterator[ProtocolServer]:
    with case.server() as running:
        yield running


@pytest.fixture
def other() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def outgoing(server: ProtocolServer, other: OpenAIServer) -> PinnedHttp:
    """Fetches from the two servers, as it would from public hosts."""
    return PinnedHttp(allow=[server.authority, other.authority], seconds=5)
