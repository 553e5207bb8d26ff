"""The page that `make test-long` writes."""

from tests.support.long_runs import cases_of, page

REPORT = """<testsuites><testsuite name="pytest" time="61.5">
<testcase classname="tests.audit.test_mutations" name="test_all" time="60.2"/>
<testcase classname="tests.payments.test_x" name="test_y" time="1.3"><failure message="no">trace</failure></testcase>
<testcase classname="tests.payments.test_x" name="test_z" time="0"><skipped message="no key"/></testcase>
</testsuite></testsuites>"""


def test_it_counts_what_came_of_each_test(tmp_path):
    report = tmp_path / "junit.xml"
    report.write_text(REPORT)
    text = page(cases_of(report), {"date": "2026-11-21", "commit": "abc", "seed": "7", "duration": "62 s"})
    assert "| seed | 7 |" in text
    assert "| counts | 1 passed, 1 failed, 1 skipped |" in text
    assert "| `audit.test_mutations.test_all` | passed | 60 |" in text
    assert "| `payments.test_x.test_y` | failed | 1 |" in text
