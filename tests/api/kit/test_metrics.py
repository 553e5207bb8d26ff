"""What a process counts, in the text format."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.metrics.registry import GaugeReader, ProcessMetrics


async def samples(metrics: ProcessMetrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = (await metrics.render()).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_route_method_and_status():
    metrics = ProcessMetrics()
    metrics.request("/v1/things", "POST", 202, 0.004)
    metrics.request("/v1/things", "POST", 202, 0.006)
    found = await samples(metrics)
    assert found[("daybook_requests_total", (("method", "POST"), ("route", "/v1/things"), ("status", "202")))] == 2
    assert found[("daybook_request_seconds_bucket", (("le", "0.005"), ("method", "POST"), ("route", "/v1/things")))] == 1
    seconds = {name: value for (name, labels), value in found.items() if name.startswith("daybook_request_seconds_") and len(labels) == 2}
    assert seconds == {"daybook_request_seconds_count": 2, "daybook_request_seconds_sum": pytest.approx(0.01)}
    assert found[("daybook_request_seconds_bucket", (("le", "+Inf"), ("method", "POST"), ("route", "/v1/things")))] == 2


async def test_a_made_up_method_makes_no_series_of_its_own():
    metrics = ProcessMetrics()
    for number in range(100):
        metrics.request("unmatched", f"BREW{number}", 405, 0.0)
    assert sum(name == "daybook_requests_total" for name, _ in await samples(metrics)) == 1


async def test_writer_batches_and_bypassed_limits_are_counted():
    metrics = ProcessMetrics()
    metrics.appended(40, 0.002)
    metrics.limiter_bypassed("api")
    found = await samples(metrics)
    assert found[("daybook_writer_batch_commands_sum", ())] == 40
    assert found[("daybook_limits_bypassed_total", (("bucket", "api"),))] == 1


async def test_gauges_are_read_when_asked_and_a_broken_one_hides_no_other():
    async def depth() -> dict[tuple[str, ...], float]:
        return {("image", "ready"): 7.0}

    async def broken() -> dict[tuple[str, ...], float]:
        raise ConnectionError("away")

    metrics = ProcessMetrics(
        {"daybook_queue_depth": GaugeReader("Depth.", ("queue", "state"), depth), "daybook_lag": GaugeReader("Lag.", ("model",), broken)}
    )
    found = await samples(metrics)
    assert found[("daybook_queue_depth", (("queue", "image"), ("state", "ready")))] == 7
    assert not any(name == "daybook_lag" for name, _ in found)
