"""A report that cannot fail would be worth nothing: faults planted in a log, and in reports, are found."""

from dataclasses import replace
from random import Random

import pytest

from tests.faults.book import Book, Ends
from tests.faults.chaos import chance_of, chosen
from tests.faults.fault import Fault, Form, Report
from tests.faults.page import page
from tests.faults.scenarios import FAULTS
from tests.faults.scenarios.backup_restored import forked
from tests.faults.stack import Stack
from tests.faults.table import rows
from tests.support.api_house import open_house
from tests.support.forging import forger

GOOD = Report(fault="x", expected=3, accepted=3, succeeded=3, heal_seconds=4.0)
# One more of the last row like *topic*, on the next version of its stream, as a second writer would have left it.
AGAIN = """
    INSERT INTO journal.events
    SELECT (e).* FROM (
        SELECT jsonb_populate_record(e, jsonb_build_object(
            'position', (SELECT max(position) + 1 FROM journal.events),
            'version', (SELECT max(version) + 1 FROM journal.events s WHERE s.stream = e.stream),
            'command_id', gen_random_uuid())) AS e
        FROM journal.events e WHERE topic = %s ORDER BY position DESC LIMIT 1) twin
"""


async def nothing(running: Stack, chance: Random, form: Form) -> Report:
    return GOOD


FAULT = Fault(key="x", breaks="Nothing.", heals_within=5, short=False, run=nothing)


def test_a_good_report_has_no_complaints():
    assert GOOD.holds
    assert FAULT.complaints(GOOD) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ({"lost": 1}, "lost: 1"),
        ({"double_effects": 1}, "double effects: 1"),
        ({"double_charges": -5}, "double charges: -5"),
        ({"held": 5}, "held: 5"),
        ({"unsealed": 2}, "unsealed: 2"),
        ({"accepted": 2}, "2 of 3 submits were accepted"),
        ({"heal_seconds": 5.1}, "healed after 5.1 s, allowed are 5"),
        ({"heal_seconds": None}, "healed after None s, allowed are 5"),
        ({"wrong": ("It is late.",)}, "It is late."),
    ],
)
def test_every_count_that_is_not_zero_and_every_late_end_is_a_complaint(planted, complaint):
    assert FAULT.complaints(replace(GOOD, **planted)) == [complaint]


@pytest.mark.timeout(60)
async def test_what_happened_twice_in_a_log_is_counted(fresh_database_url, redis_url, tmp_path):
    async with open_house(fresh_database_url, redis_url, tmp_path) as house:
        person = await house.person()
        done, _ = await house.finished(person)
        open_ = await house.generation(person)
    book, account = Book(fresh_database_url), person.account_id
    assert book.ends([done, open_]).total == 1
    right = book.ledger(account)
    assert right.charged > 0
    assert right.held > 0
    assert book.double_effects(account, asked=2) == 0
    assert book.double_effects(account, asked=1) == 1
    with forger(fresh_database_url) as owner:
        owner.lift_checks()
        for number, topic in enumerate(("generations.succeeded", "credits.held", "credits.hold_captured"), start=1):
            assert owner.conn.execute(AGAIN.encode(), (topic,)).rowcount == 1
            assert book.double_effects(account, asked=2) == number
    assert book.ends([done]) == Ends(succeeded=1, failed=0, canceled=0, again=0)
    assert book.ledger(account).charged == 2 * right.charged


def test_two_roots_of_one_size_are_a_fork():
    note = "daybook.local\n10\nAAAA\n"
    assert forked({"10": note}, {"10": note, "12": "daybook.local\n12\nBBBB\n"}) == []
    assert forked({"10": note}, {"10": note}) == ["nothing was signed after the restore"]
    assert forked({"10": note}, {"10": note, "10.2": "daybook.local\n10\nCCCC\n"}) == ["daybook.local has two roots of size 10"]
    assert forked({"10": note}, {"10": "daybook.local\n10\nCCCC\n", "11": note})[0] == "checkpoint 10 was changed"


def test_a_seed_gives_each_fault_a_chance_of_its_own():
    first, second = FAULTS[:2]
    assert chance_of(1, first, 0).random() == chance_of(1, first, 0).random()
    assert len({chance_of(seed, fault, number).random() for seed in (1, 2) for fault in (first, second) for number in (0, 1)}) == 8


def test_faults_are_listed_in_order_and_chosen_by_their_keys():
    keys = [fault.key for fault in FAULTS]
    assert keys == sorted(keys)
    assert [fault.key for fault in chosen("worker-killed,api-killed")[0]] == ["worker-killed", "api-killed"]
    with pytest.raises(KeyError):
        chosen("nothing")


def test_the_page_shows_the_sums_the_longest_heal_time_and_what_did_not_hold():
    reports = [GOOD, replace(GOOD, heal_seconds=9.0, lost=1, notes=("it rained",))]
    assert rows(reports) == [("x", ["6", "6", "0", "1", "0", "0", "0", "0", "0", "6.5", "9.0"])]
    text = page([FAULT], reports, ["x: lost: 1"], {"y": "no disk"}, {"seed": "7"})
    for part in ("| seed | 7 |", "| `x` | 6 | 6 | 0 | 1 |", "| 6.5 | 9.0 | 5 |", "*it rained.*", "- `y`: no disk", "- x: lost: 1"):
        assert part in text
