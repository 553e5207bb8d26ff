"""The seed of a test run, as for the other long forms: SEED=n repeats one."""

import os

SEED = int(os.environ.get("SEED", "1"))
