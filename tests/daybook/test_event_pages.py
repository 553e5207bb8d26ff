"""The page of events says what the event classes say."""

from pathlib import Path

from daybook.event_pages import facts, page

PAGE = Path(__file__).parent.parent.parent / "docs" / "events.md"


def test_the_page_of_events_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m daybook.event_pages > docs/events.md"


def test_every_topic_has_its_section():
    topics = {kind.TOPIC for kind in facts()}
    assert len(topics) > 15
    assert topics == {line.split("`")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("### ")}
