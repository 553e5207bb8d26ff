"""The port `Tracing` over OpenTelemetry's SDK, which sends in a thread of its own. It comes with requirements-traces.txt.

Ids follow from names: a trace's from its correlation, a span's from its place in the trace. So a worker's span knows the request's
without anything being handed on but the correlation, which stands in the log.
"""

import hashlib
import re
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

#: Our own request ids are UUIDs in hexadecimal: a trace's id as it is.
TRACE_ID = re.compile("[0-9a-f]{32}")
SENT = TraceFlags(TraceFlags.SAMPLED)
SECONDS = 1_000_000_000
CLOSE_MS = 5_000


class Given(IdGenerator):
    """The next span gets the ids that were set before."""

    def __init__(self) -> None:
        self.trace = self.span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class OtlpTracing:
    """Implements `domain.ports.Tracing`. All calls from one thread."""

    on = True

    def __init__(self, endpoint: str, *, role: str, version: str) -> None:
        self._given = Given()
        resource = Resource.create({"service.name": f"daybook-{role}", "service.version": version})
        self._provider = TracerProvider(resource=resource, id_generator=self._given, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("daybook")

    def ended(self, name: str, *, trace: str, seconds: float, place: str, within: str | None, failed: str | None, **facts: str) -> None:
        now, trace_id = time.time_ns(), trace_of(trace)
        self._given.trace, self._given.span = trace_id, span_of(trace_id, place)
        around = None
        if within is not None:
            context = SpanContext(trace_id, span_of(trace_id, within), is_remote=True, trace_flags=SENT)
            around = set_span_in_context(NonRecordingSpan(context))
        kind = SpanKind.SERVER if within is None else SpanKind.INTERNAL
        attributes = {"daybook.correlation": trace, **{f"daybook.{key}": value for key, value in facts.items()}}
        span = self._tracer.start_span(name, context=around, kind=kind, attributes=attributes, start_time=now - round(seconds * SECONDS))
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(now)

    def close(self) -> None:
        """Send what is left."""
        self._provider.force_flush(CLOSE_MS)
        self._provider.shutdown()


def trace_of(correlation: str) -> int:
    """The id of the trace: the correlation itself, or made from a caller's own word."""
    if TRACE_ID.fullmatch(correlation) and int(correlation, 16):
        return int(correlation, 16)
    return int.from_bytes(hashlib.sha256(correlation.encode()).digest()[:16], "big") or 1


def span_of(trace_id: int, place: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{trace_id:032x}/{place}".encode()).digest()[:8], "big") or 1
