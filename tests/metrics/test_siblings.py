"""Metrics of several processes as one text."""

import socket

from prometheus_client.parser import text_string_to_metric_families

from infra.metrics.roles import RoleMetrics
from infra.metrics.siblings import SUFFIX, joined, merged, told


def samples(text: bytes) -> dict[tuple[str, str], float]:
    """(name, process) -> value"""
    families = list(text_string_to_metric_families(text.decode()))
    assert len(families) == len({family.name for family in families})
    return {(sample.name, sample.labels["process"]): sample.value for family in families for sample in family.samples}


async def test_a_family_that_several_have_stands_once_with_all_their_samples():
    worker, dispatcher = RoleMetrics("worker"), RoleMetrics("dispatcher")
    worker.appended(3, 0.01)
    worker.count("failures", code="rate_limited", provider="noop")
    found = samples(merged({"worker": await worker.render(), "dispatcher": await dispatcher.render()}))
    assert found["daybook_writer_batch_commands_sum", "worker"] == 3
    assert found["daybook_writer_batch_commands_sum", "dispatcher"] == 0
    assert found["daybook_worker_failures_total", "worker"] == 1


async def test_who_is_there_is_joined_and_who_is_not_is_left_out(tmp_path):
    worker = RoleMetrics("worker")
    worker.count("claims", 7)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / f"scheduler{SUFFIX}"))
    async with told(tmp_path, "worker", worker.render), told(tmp_path, "scheduler", RoleMetrics("scheduler").render):
        found = samples(await joined([tmp_path], {"api": b""}))
    assert found["daybook_worker_claims_total", "worker"] == 7
    assert ("daybook_scheduler_swept_total", "scheduler") in found
    assert await joined([tmp_path], {"api": b""}) == b"\n"


async def test_a_second_process_of_a_role_has_a_name_of_its_own(tmp_path):
    async with told(tmp_path, "worker", RoleMetrics("worker").render), told(tmp_path, "worker", RoleMetrics("worker").render):
        found = samples(await joined([tmp_path], {"api": b""}))
    assert len({process for _, process in found if process.startswith("worker")}) == 2
