"""The table of public names: complete over the log, and the names that the contract fixes."""

import pytest

from api.timeline import TOLD
from domain.aggregates import AGGREGATES
from domain.telling import names

TOPICS = sorted(fact.TOPIC for aggregate in AGGREGATES for fact in aggregate.MUTATORS)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_of_the_log_has_a_public_name_or_a_reason_for_none(topic):
    reasons = [why for what, why in names.UNTOLD.items() if what in (topic, topic.partition(".")[0])]
    assert (topic in names.PUBLIC) + (topic in names.TIMELINE) + len(reasons) == 1
    assert all(names.STREAMED.get(topic, ("told",)))


def test_no_name_stands_for_a_topic_that_is_not_there():
    features = {topic.partition(".")[0] for topic in TOPICS}
    assert names.STREAMED.keys() - set(TOPICS) == set()
    assert names.UNTOLD.keys() - set(TOPICS) - features == set()


def test_the_names_are_those_of_the_contract():
    generation = {"scheduled", "queued", "started", "retrying", "succeeded", "failed", "canceled"}
    rest = {
        "asset.created",
        "asset.deleted",
        "credits.changed",
        "credits.low",
        "purchase.paid",
        "purchase.refunded",
        "subscription.updated",
    }
    assert {f"generation.{name}" for name in generation} | rest == names.DURABLE
    assert {"generation.progress", "generation.text_delta"} == names.PASSING
    assert names.FINAL < names.DURABLE


def test_streams_tell_what_a_timeline_shows_under_the_same_name():
    shown = {topic: name for topic, (name, _) in TOLD.items()}
    assert shown == {topic: told[-1] for topic, told in names.STREAMED.items() if topic.startswith("generations.")}


def test_each_name_is_read_with_the_scope_of_what_it_shows():
    assert {name: names.scope_of(name) for name in ("generation.queued", "asset.deleted", "credits.low", "purchase.paid")} == {
        "generation.queued": "generations:read",
        "asset.deleted": "assets:read",
        "credits.low": "credits:read",
        "purchase.paid": "credits:read",
    }
