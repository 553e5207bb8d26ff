"""docs/audit.md names every table that the audit does not check, with what guards it."""

import re

from projections.audit.guards import OPERATIONAL
from tests.support.readme_tour import AUDIT


def test_every_table_that_is_not_checked_is_told_with_its_guard():
    table = AUDIT.read_text(encoding="utf-8").split("<!-- guards -->")[1].split("<!-- /guards -->")[0]
    assert dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)) == OPERATIONAL
