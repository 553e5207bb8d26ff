"""The command `daybook` of a newer release, which has one more aggregate: `python -m tests.faults.newer_release projector`."""

import sys

import domain.aggregates
from projections.audit import shapes, stream_pass
from tests.journal.counters import Counter, CounterOpened

if __name__ == "__main__":
    # Before anything reads the list.
    domain.aggregates.AGGREGATES = (*domain.aggregates.AGGREGATES, Counter)
    # The verifier has every fact written down once more.
    shapes.FIELDS = {**shapes.FIELDS, CounterOpened.TOPIC: frozenset({"originator_topic", "timestamp"})}
    stream_pass.FIRST |= {CounterOpened.TOPIC}
    from daybook.cli.main import main

    sys.exit(main())
