"""`daybook/environment.py`, which `make` runs: what it needs, what it makes, and that nothing half-made is ever used."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.owners import ROOT

SCRIPT = ROOT / "daybook" / "environment.py"
OLD = "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); runpy.run_path(sys.argv[1], run_name='__main__')"
BARE = "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"


def said(program: str) -> subprocess.CompletedProcess[str]:
    """What the script says when Python is as *program* makes it."""
    return subprocess.run([sys.executable, "-I", "-c", program, str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False)


def test_a_python_that_is_too_old_is_refused_naming_what_to_install():
    done = said(OLD)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, this is 3.9.2" in done.stderr
    assert "apt install python3.11 python3.11-venv" in done.stderr
    assert "make PYTHON=/path/to/python3.11" in done.stderr


def test_a_python_without_ensurepip_is_refused_naming_the_package():
    done = said(BARE)
    assert done.returncode == 1
    assert f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr


def test_the_script_is_read_by_pythons_that_are_too_old_to_run_daybook():
    compile(SCRIPT.read_text(encoding="utf-8"), str(SCRIPT), "exec", dont_inherit=True)
    import ast

    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.arg) and node.annotation is not None]


@pytest.fixture
def house(tmp_path: Path) -> ModuleType:
    """The script's functions for a checkout in a directory with a space, whose installations are only noted."""
    root = tmp_path / "a house"
    root.mkdir()
    for name in ("requirements.txt", "requirements-test.txt"):
        (root / name).write_text("one")
    spec = importlib.util.spec_from_file_location("environment_of_a_test", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT, module.VENV, module.done = str(root), str(root / ".venv"), []
    module.create = lambda: (module.done.append("create"), os.makedirs(module.VENV, exist_ok=True))
    module.install = module.done.append
    module.link = lambda: module.done.append("link")
    return module


def test_the_environment_is_made_once_for_each_content_of_the_lock(house):
    house.ensure()
    house.ensure()
    assert house.done == ["create", "requirements.txt", "link"]
    (Path(house.ROOT) / "requirements.txt").write_text("two")
    house.ensure()
    assert house.done == ["create", "requirements.txt", "link"] * 2


def test_a_lock_is_added_once(house):
    house.ensure()
    house.add("requirements-test.txt")
    house.add("requirements-test.txt")
    assert house.done[3:] == ["requirements-test.txt"]


def test_an_interrupted_installation_starts_again_from_nothing(house):
    house.ensure()

    def interrupted(lock: str) -> None:
        raise KeyboardInterrupt

    house.install, install = interrupted, house.install
    with pytest.raises(KeyboardInterrupt):
        house.add("requirements-test.txt")
    house.install = install
    house.create = lambda: house.done.append("create")
    house.ensure()
    assert house.done == ["create", "requirements.txt", "link"] * 2


def test_a_checkout_that_was_moved_gets_a_new_environment(house, tmp_path):
    house.ensure()
    moved = tmp_path / "moved"
    os.rename(house.ROOT, moved)
    house.ROOT, house.VENV = str(moved), str(moved / ".venv")
    house.ensure()
    assert house.done == ["create", "requirements.txt", "link"] * 2


def test_the_command_runs_from_a_place_with_spaces_and_passes_its_arguments_on(tmp_path):
    place = tmp_path / ("a long place " * 12) / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(sys.executable)
    package = tmp_path / "modules" / "daybook"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text("import sys\n\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    spec = importlib.util.spec_from_file_location("environment_of_a_test", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (place / "daybook").write_text(module.SCRIPT)
    (place / "daybook").chmod(0o755)
    environ = {"PATH": os.defpath, "PYTHONPATH": str(tmp_path / "modules")}
    done = subprocess.run(
        [place / "daybook", "a b", "c"], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("['a b', 'c']\n", 3), done.stderr


@pytest.fixture
def paces(house, monkeypatch) -> dict[str, float]:
    """Path -> the seconds that a `python3` of the PATH says of itself. This interpreter takes one."""
    told: dict[str, float] = {}
    monkeypatch.setattr(house, "pace", lambda: 1.0)
    monkeypatch.setattr(house, "others", lambda: sorted(set(told) - {sys.executable}))
    monkeypatch.setattr(house, "pace_of", lambda path: (f"3.11.0 {path}", told[path]) if path in told else (house.itself(), 1.0))
    return told


def test_a_clearly_quicker_python_of_the_path_is_taken(house, paces, capsys):
    paces["/bin/slow"], paces["/usr/a quick one/python3"] = 1.4, 0.7
    assert house.chosen() == "/usr/a quick one/python3"
    assert "taking Python 3.11.0 /usr/a quick one/python3: 1.4 times as quick" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", [0.9, 1.0, float("inf")])
def test_the_first_python_stays_where_none_is_clearly_quicker(house, paces, seconds):
    paces["/usr/bin/python3"] = seconds
    assert house.chosen() == os.path.realpath(sys.executable)


def test_what_was_chosen_once_stays(house, paces):
    house.ensure()
    (Path(house.VENV) / "bin").mkdir()
    (Path(house.VENV) / "bin" / "python3").symlink_to("/bin/sh")
    (Path(house.VENV) / ".chosen-by").write_text(house.itself())
    paces["/usr/bin/quicker"] = 0.5
    assert house.chosen() == os.path.realpath("/bin/sh")
    (Path(house.VENV) / "bin" / "python3").unlink()
    assert house.chosen() == "/usr/bin/quicker"


def test_a_python_that_cannot_make_the_environment_has_no_pace(house, tmp_path):
    for name, program in (
        ("refuses", "echo too old; exit 1"),
        ("babbles", "echo something else"),
        ("python", f'exec "{sys.executable}" "$@"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / name).chmod(0o755)
    assert [house.pace_of(str(tmp_path / name)) for name in ("refuses", "babbles", "missing")] == [("", float("inf"))] * 3
    name, seconds = house.pace_of(str(tmp_path / "python"))
    assert name == house.itself()
    assert 0 < seconds < 1


def test_make_goes_on_as_the_quicker_python_which_notes_who_chose_it(tmp_path):
    script = tmp_path / "daybook" / "environment.py"
    script.parent.mkdir()
    script.write_text(SCRIPT.read_text(encoding="utf-8"))
    quick, asked = tmp_path / "a path" / "python3", tmp_path / "asked"
    quick.parent.mkdir()
    quick.write_text(f"""#!/bin/sh
        if [ "$3" = --pace ]; then echo "3.99.0 $0 0.000001"; else for each in "$@"; do echo "$each"; done > "{asked}"; fi
    """)
    quick.chmod(0o755)
    environ = {"PATH": f"{quick.parent}:/nowhere:not absolute:{os.defpath}"}
    done = subprocess.run(
        [sys.executable, "-I", script, "--choose", "test"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"taking Python 3.99.0 {quick}: ")
    this = f"{sys.version.split()[0]} {os.path.realpath(sys.executable)}"
    assert asked.read_text().splitlines() == ["-I", str(script), f"--chosen-by={this}", "test"]
