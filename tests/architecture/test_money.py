"""No float comes near money, and nothing but the environment module reads the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from config.env import ROOT
from tests.architecture.test_shape import PACKAGES, PRODUCT, modules, named

# Simulators are the other side: they speak the platforms' own floats.
MONEY = [path for path in modules(*PACKAGES[1:]) if not re.search(r"simulat", str(path.relative_to(ROOT)))]
# A float may measure time, or a drawing, or a likeness; its name must say so.
NOT_MONEY = re.compile(
    r"seconds|timeout|wait|delay|pause|interval|patience|jitter|sleep|_at\b|_after|used|due|ratio|width|height|score",
    re.IGNORECASE,
)
ENVIRONMENT_READERS = frozenset({"config/env.py", "config/bootstrap.py", "config/wsgi.py", "config/asgi.py"})


def floats(path: Path) -> Iterator[str]:
    """Float literals, calls of float() and float columns whose surroundings do not name what they measure."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        called = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"float", "FloatField"}
        if (literal or called) and not NOT_MONEY.search(text.splitlines()[node.lineno - 1]):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_no_float_near_money():
    found = {named(path): list(floats(path)) for path in MONEY}
    assert not {name: lines for name, lines in found.items() if lines}


def test_the_float_finder_finds_floats(tmp_path: Path):
    planted = tmp_path / "planted.py"
    planted.write_text("fee = 0.1\nx = float('1')\na = models.FloatField()\nok = 1\ntimeout = 0.5\n")
    assert len(list(floats(planted))) == 3


def offenders(*words: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    texts = {named(path): path.read_text().replace("`os.environ`", "") for path in PRODUCT}
    return [name for name, text in texts.items() if name not in allowed and any(w in text for w in words)]


def test_only_one_module_reads_the_environment():
    assert not offenders("os.environ", "getenv", allowed=ENVIRONMENT_READERS)


def test_nobody_switches_the_database_guards_off():
    # The owner's command that writes the projections anew from the entries; the app's role cannot run it.
    rebuilding = frozenset({"ledger/rebuilding.py"})
    words = ("pgtrigger.ignore", "session_replication_role", "DISABLE TRIGGER", "disable trigger")
    looking_for_it = frozenset({"ledger/checks/grants.py", "ledger/role_powers.py"})  # and taking it away
    assert not offenders(*words, allowed=rebuilding | looking_for_it)
