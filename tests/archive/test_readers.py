"""Whoever reads states of the log by a statement of his own is known here, with how he comes to what the archive has."""

import re
from pathlib import Path
from typing import get_type_hints

from daybook.event_pages import facts
from projections.archive.thin import FEATURES, KEPT, MARK, segment_of, thinned

ROOT = Path(__file__).parent.parent.parent
WHOLE = "through projections.archive.whole"
STAYS = "only fields that stay in a thin state"
NEVER = "only topics that stay whole"
NONE = "no state, actor or correlation"
READERS = {
    "infra/archive/archiver.py": "writes segments and takes the words away",
    "infra/archive/standing.py": NONE,
    "infra/dispatch/due.py": STAYS,
    "infra/erasure/erasures.py": STAYS,
    "infra/imports/following.py": "a log that was just imported, of which nothing is archived",
    "infra/journal/reads.py": WHOLE,
    "projections/accounts/log_of.py": WHOLE,
    "projections/assets/assets.py": STAYS,
    "projections/audit/entries.py": "through projections.audit.archived",
    "projections/audit/guards.py": NONE,
    "projections/audit/recomputed/usage_daily.py": STAYS,
    "projections/audit/sealed/seals.py": NEVER,
    "projections/generations/everybodys.py": STAYS,
    "projections/kernel/reader.py": WHOLE,
    "projections/kernel/states.py": NONE,
    "projections/log/entries.py": WHOLE,
    "projections/log/rows.py": WHOLE,
    "projections/notary/incarnations.py": NEVER,
    "projections/notary/leaf.py": WHOLE,
    "projections/notary/notary.py": NONE,
    "projections/notary/prove.py": NEVER,
    "projections/notary/sealing.py": NONE,
    "projections/payments/lapsed.py": STAYS,
}
WORDS = re.compile(r"\b(state|actor|correlation)\b")
FIELD = re.compile(r"->> '(\w+)'")


def test_every_reader_of_states_is_known():
    rooms = ("api", "daybook", "domain", "infra", "projections", "workers")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    reading = {name: text for name, text in texts.items() if "FROM journal.events" in text or "journal.events" in text}
    found = {name: text for name, text in reading.items() if WORDS.search(text)}
    assert sorted(found) == sorted(READERS)
    for name, how in READERS.items():
        imported = "projections.archive.whole import" in found[name]
        assert imported == (how == WHOLE), f"{name}: {how}"


def test_what_statements_look_for_in_states_stays_in_them():
    kept = {"timestamp", "archived", *(field for fields in KEPT.values() for field in fields)}
    for name, how in READERS.items():
        if how == STAYS:
            looked_for = set(FIELD.findall((ROOT / name).read_text(encoding="utf-8")))
            # What the read models' own JSON has.
            assert looked_for - kept <= {"code", "message"}, name


def test_kept_fields_are_fields_and_no_fact_has_one_that_marks_an_archived_state():
    kinds = {kind.TOPIC: kind for kind in facts()}
    for topic, fields in KEPT.items():
        assert topic.startswith(FEATURES) and set(fields) <= set(get_type_hints(kinds[topic])), topic
    assert not [topic for topic, kind in kinds.items() if "archived" in get_type_hints(kind)]


def test_what_stays_of_a_state():
    whole = b'{"kind":"image","model":"m","sealed":"s1.x","timestamp":"2026-11-21T18:00:00.000000Z"}'
    thin = thinned("generations.requested", whole, 4097)
    assert thin == MARK + b'4097,"timestamp":"2026-11-21T18:00:00.000000Z","kind":"image","model":"m"}'
    assert (segment_of(thin), segment_of(whole)) == (4097, None)
    assert thinned("accounts.registered", whole, 1) is None and thinned("their.module:Theirs", whole, 1) is None
