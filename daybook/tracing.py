"""Tracing, where a collector is named; the packages it needs are installed apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daybook.settings import Settings, SettingsError
from daybook.version import version
from domain.ports import Tracing, Untraced


@asynccontextmanager
async def tracing_in(settings: Settings, role: str) -> AsyncIterator[Tracing]:
    """For as long as the process lives. What is left is sent at the end.   Raises SettingsError."""
    if settings.otel_exporter_otlp_endpoint is None:
        yield Untraced()
        return
    try:
        from infra.tracing.otlp import OtlpTracing
    except ImportError as missing:
        raise SettingsError(
            [f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {missing.name} is not installed: pip install -r requirements-traces.txt"]
        ) from missing
    tracing = OtlpTracing(settings.otel_exporter_otlp_endpoint, role=role, version=version())
    try:
        yield tracing
    finally:
        await asyncio.to_thread(tracing.close)
