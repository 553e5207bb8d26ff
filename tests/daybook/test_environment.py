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
