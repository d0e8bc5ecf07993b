"""Dependencies between the apps point one way; the contracts stand in `pyproject.toml` and are checked here too."""

import subprocess
import sys
import tomllib

from config.env import ROOT


def test_the_import_contracts_are_kept():
    check = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_lock_has_no_forks_and_names_only_the_public_index():
    lock = (ROOT / "uv.lock").read_text()
    assert "resolution-markers" not in lock
    hosts = {line.split("://")[1].split("/")[0] for line in lock.replace('"', "\n").splitlines() if "://" in line}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_every_dependency_says_why_it_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *(d for g in project["dependency-groups"].values() for d in g)]
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    silent = [name for name in wanted if not any(f'"{name}"' in line and "# " in line for line in lines)]
    assert wanted
    assert not silent
