"""What the faults complain of: each judge is shown what it must not let pass."""

from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests.faults.moody_servers import Planned
from tests.faults.scenarios import providers_misbehave, stopped_in_append, worker_stopped
from tests.faults.scenarios.providers_misbehave import LONG, WAITED, Job, asked_wrongly, called_back_wrongly, end_of

ME, OTHER = f"worker:{uuid4()}", f"worker:{uuid4()}"


def test_whoever_waits_for_a_stopped_process_is_noticed():
    usual = [0.02] * 20
    assert stopped_in_append.complaints([0.3] * 20, usual) == []
    assert stopped_in_append.complaints([0.8] * 2 + [0.02] * 18, usual) == []
    assert stopped_in_append.complaints([0.8] * 3 + [0.02] * 17, usual) != []


def test_a_late_result_and_a_zombie_that_works_no_more_are_noticed():
    well = [ME] * worker_stopped.LATER
    assert worker_stopped.complaints(ME, [OTHER, OTHER], well) == []
    assert worker_stopped.complaints(ME, [OTHER, ME], well) == ["1 late results were recorded"]
    assert len(worker_stopped.complaints(ME, [OTHER], well[1:])) == 1


def test_what_may_be_paid_for_is_asked_for_once_and_what_passes_twice():
    assert end_of(("provider_error", False), once=True) == ("provider_error", 1)
    assert end_of(("overloaded", True), once=True) == ("", 2)
    assert end_of(("overloaded", True), once=False) == ("overloaded", 2)


def test_who_was_asked_too_often_or_too_rarely_is_noticed():
    jobs = [Job(WAITED, Planned("truncated", "generate"), "provider_error", 1), Job(LONG, Planned(), "", 1)]
    assert asked_wrongly(jobs, asked({0: 1}), asked({1: 1})) == []
    assert asked_wrongly(jobs, asked({0: 2}), asked({})) == [
        "a waited job met with 'truncated' at generate was submitted 2 times instead of 1",
        "a long job met with 'well' was submitted 0 times instead of 1",
    ]


def test_a_forger_who_is_believed_to_have_a_place_is_noticed():
    answers = Counter({("provider", 204): 3, ("forger of a signature", 204): 1, ("forger of a place", 404): 1})
    assert called_back_wrongly(told(answers)) == []
    assert called_back_wrongly(told(answers | {("forger of a place", 204): 1, ("provider", 500): 1})) == [
        "a callback of the forger of a place was answered with 204",
        "a callback of the provider was answered with 500",
    ]


def test_the_same_seed_makes_the_same_jobs_and_every_mood_is_among_them():
    jobs = providers_misbehave.jobs_of(Random(3), 1)
    assert jobs == providers_misbehave.jobs_of(Random(3), 1)
    moods = {job.planned.mood for job in jobs}
    assert {"limited", "status 500", "status 503", "silent", "slow", "truncated", "error in 200", "blocked"} <= moods


def asked(submits: dict[int, int]) -> Any:
    return SimpleNamespace(jobs=SimpleNamespace(submits=Counter(submits)))


def told(answers: dict[tuple[str, int], int]) -> Any:
    return SimpleNamespace(answers=Counter(answers))
