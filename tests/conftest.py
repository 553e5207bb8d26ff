"""What every test may use. Fixtures live in `tests/support`, one file per subject."""

pytest_plugins = [
    "tests.support.daybook_command",
    "tests.support.engines",
    "tests.support.longest_first",
    "tests.support.owners",
    "tests.support.skips",
    "tests.support.still",
]
