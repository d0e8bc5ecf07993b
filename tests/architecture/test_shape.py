"""The repository keeps its shape: small modules, small functions, telling names, nothing left unfinished."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from config.env import ROOT

PACKAGES = ("config", "ledger", "payments", "reconciliation", "portal")
LONGEST_MODULE = 400
LONGEST_FUNCTION = 70
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib", "stuff"}
UNFINISHED = re.compile(r"\b(TO-?DO|FIXME|XXX|HACK|WIP)\b")
NO_DOCSTRING_NEEDED = {"__init__.py", "conftest.py"}


def modules(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and "__pycache__" not in path.parts
    )


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


PRODUCT = modules(*PACKAGES)
EVERYTHING = [*PRODUCT, *modules("tests"), ROOT / "manage.py"]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_is_something_to_look_at():
    assert len(PRODUCT) > 30
    assert {path.relative_to(ROOT).parts[0] for path in PRODUCT} == set(PACKAGES)


def test_no_module_is_too_long():
    lines = {named(path): len(path.read_text().splitlines()) for path in EVERYTHING}
    assert not {name: count for name, count in lines.items() if count > LONGEST_MODULE}


def test_no_function_is_too_long():
    lengths = {
        f"{named(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in PRODUCT
        for node in functions(path)
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}


def test_every_module_opens_with_what_it_is_for_and_must_never_do():
    trees = {path: ast.parse(path.read_text()) for path in PRODUCT if path.name not in NO_DOCSTRING_NEEDED}
    assert not [named(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)]


def test_no_module_has_a_name_that_says_nothing():
    folders = {path for module in EVERYTHING for path in module.relative_to(ROOT).parents}
    assert not [named(path) for path in EVERYTHING if path.stem in NAMELESS]
    assert not [str(folder) for folder in folders if folder.name in NAMELESS]


def unfinished(path: Path) -> Iterator[str]:
    text = path.read_text()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and UNFINISHED.search(token.string):
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Raise) and "NotImplemented" in ast.unparse(node):
            yield ast.unparse(node)


def test_nothing_is_left_unfinished():
    found = {named(path): list(unfinished(path)) for path in EVERYTHING}
    assert not {name: marks for name, marks in found.items() if marks}


def test_the_finder_of_unfinished_work_finds_it(tmp_path: Path):
    planted = tmp_path / "planted.py"
    planted.write_text("def f():\n    raise NotImplementedError  # TODO later\n")
    assert len(list(unfinished(planted))) == 2


def test_only_the_agreed_folders_stand_at_the_root():
    agreed = {*PACKAGES, "templates", "tests", "docs", "locale", "staticfiles", "var"}
    found = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    assert found <= agreed
