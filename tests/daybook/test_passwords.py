"""Generated secrets: one for all, however many processes come first."""

import subprocess
import sys

from daybook.engines.passwords import kept

ASK = """
import sys, time
from pathlib import Path
from daybook.engines.passwords import kept
print("here", flush=True)
while not Path(sys.argv[2]).exists():
    pass
print(kept(Path(sys.argv[1])))
"""


def test_eight_processes_at_once_get_one_secret(tmp_path):
    file, go = tmp_path / "secret-key", tmp_path / "go"
    asking = [subprocess.Popen([sys.executable, "-c", ASK, str(file), str(go)], stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for process in asking:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
    go.touch()
    answers = {process.communicate(timeout=30)[0].strip() for process in asking}
    assert answers == {file.read_text().strip()}
    assert len(answers.pop()) == 43
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["go", "secret-key"]


def test_an_empty_file_is_filled_once(tmp_path):
    file = tmp_path / "secret-key"
    file.touch()
    assert kept(file) == kept(file) == file.read_text().strip()
