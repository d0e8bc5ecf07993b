"""The quick start does what it says: every command of `docs/quickstart.md` is run, in order, against the product."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from config.env import ROOT
from tests.factories.product import running

pytestmark = pytest.mark.slow


def commands() -> str:
    text = (ROOT / "docs" / "quickstart.md").read_text()
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 6, "the page has lost its commands"
    return "set -euo pipefail\n" + "\n".join(blocks) + "\necho; echo THE END\n"


def test_every_command_of_the_quick_start_works(tmp_path: Path) -> None:
    script = tmp_path / "quickstart.sh"
    script.write_text(commands())
    with running() as product:
        product.until(lambda: product.said("] ready"), 180)
        done = subprocess.run(
            ["bash", str(script)], cwd=ROOT, env=product.environment, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        shown = f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}\n{''.join(product.lines[-20:])}"
        assert done.returncode == 0, shown
        assert "THE END" in done.stdout, shown
        assert "The books are right" in done.stdout
        # The last balances on the page are the ones it promises.
        answers = re.findall(r'\{"client":"cl_[^\n]*?"currencies":.*', done.stdout)
        last, _ = json.JSONDecoder().raw_decode(answers[-1])
        (euro,) = [row for row in last["currencies"] if row["currency"] == "EUR"]
        assert (euro["available"], euro["total"]) == ("500.00", "500.00")
        assert last["trading"][0]["balance"] == "350.00"
