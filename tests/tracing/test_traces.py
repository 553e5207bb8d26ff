"""Spans as a collector gets them: one trace from the request over the worker and its provider to the webhook."""

import asyncio
import json
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from daybook.bootstrap import worker_platform
from daybook.settings import load
from daybook.webhooks import sender_of
from domain.ports import Untraced
from infra.tracing.otlp import span_of, trace_of
from tests.support.api_house import house_environment, open_house
from tests.support.fleet import running
from tests.support.post_office import PostOffice
from workers.tracing import Traced
from workers.worker import Worker


class Collector:
    """An OTLP receiver over HTTP: what it was sent, span by span."""

    def __init__(self) -> None:
        self.spans: dict[str, dict] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.took(self.path, self.rfile.read(int(self.headers["Content-Length"])), self.headers)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def took(self, path: str, body: bytes, headers) -> None:
        assert path == "/v1/traces"
        assert headers["Content-Type"] == "application/x-protobuf"
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {each.key: each.value.string_value for each in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                for span in scope.spans:
                    facts = {each.key.removeprefix("daybook."): each.value.string_value for each in span.attributes}
                    self.spans[span.span_id.hex()] = {
                        "name": span.name,
                        "service": resource["service.name"],
                        "trace": span.trace_id.hex(),
                        "within": span.parent_span_id.hex(),
                        "failed": span.status.message,
                        "ms": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
                        **facts,
                    }

    def __enter__(self) -> "Collector":
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


async def test_one_trace_goes_from_the_request_to_the_webhook(database_url, redis_url, tmp_path):
    with Collector() as collector, Collector() as receiver:
        letters: list[str] = []
        receiver.took = lambda path, body, headers: letters.append(body.decode())
        place = receiver.url.removeprefix("http://")
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "DAYBOOK_OUTGOING_ALLOW": place, "DAYBOOK_RATE_LIMITS": "off"}
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(database_url, redis_url, tmp_path, **settings))
            given = load(house_environment(database_url, redis_url, tmp_path) | settings)
            worker = await stack.enter_async_context(worker_platform(given, "worker"))
            scheduler = await stack.enter_async_context(worker_platform(given, "scheduler"))
            person = await house.person()
            await house.client.post("/v1/webhook-secret", headers=person.headers, json={})
            asked = {"kind": "image", "prompt": "a cat", "model": "builtin/sketch-1", "params": {"size": "64x64"}}
            answer = await house.client.post(
                "/v1/generations", json=asked | {"webhook_url": f"{receiver.url}/told"}, headers=person.headers
            )
            assert answer.status_code == 202, answer.text
            generation_id, request_id = answer.json()["id"], answer.headers["x-request-id"]
            async with running(Worker(worker, slots=1).run):
                async with asyncio.timeout(60):
                    while (await house.client.get(f"/v1/generations/{generation_id}", headers=person.headers)).json()[
                        "status"
                    ] != "succeeded":
                        await asyncio.sleep(0.05)
            office = PostOffice(house, database_url, [place])
            async with asyncio.timeout(60), office.sending(sender_of(given, scheduler)):
                while "generation.succeeded" not in "".join(letters):
                    await asyncio.sleep(0.05)
        # Whoever ends has sent what was left.
        trace = [span for span in collector.spans.values() if span["trace"] == request_id]
        ids = {span["name"]: (id, span) for id, span in collector.spans.items() if span["trace"] == request_id}
    root_id, root = ids["POST /v1/generations"]
    attempt_id, attempt = ids["attempt"]
    _, provider = ids["provider builtin"]
    assert (root["service"], root["within"], root["correlation"], root["status"]) == ("daybook-api", "", request_id, "202")
    assert (attempt["service"], attempt["within"], attempt["outcome"], attempt["failed"]) == ("daybook-worker", root_id, "succeed", "")
    assert (attempt["generation_id"], attempt["attempt"]) == (generation_id, "1")
    assert (provider["within"], provider["provider"], provider["failed"]) == (attempt_id, "builtin", "")
    assert 0 < provider["ms"] <= attempt["ms"]
    told = [span for span in trace if span["name"] == "webhook"]
    assert told
    assert {(span["service"], span["within"], span["failed"]) for span in told} == {("daybook-scheduler", root_id, "")}
    assert "a cat" not in json.dumps(collector.spans), "spans name ids, never words"


def test_a_trace_is_called_by_the_request_and_a_span_by_its_place():
    ours = "01a1fefaecb975c3b13aec57749102e8"
    assert trace_of(ours) == int(ours, 16)
    assert trace_of("a caller's own word") == trace_of("a caller's own word") != trace_of("another")
    assert span_of(trace_of(ours), "") != span_of(trace_of(ours), "x") != 0


async def test_nothing_is_looked_up_while_nobody_traces():
    asked: list[str] = []

    class Nobody:
        def __getattr__(self, name: str) -> None:
            asked.append(name)

    traced = Traced(Nobody(), Untraced())
    await traced.attempt(generation_id=None, attempt=1, outcome="succeed", seconds=1.0)
    await traced.delivery(1, None, 1, 1.0, None)
    assert asked == []
