"""The one table of permissions: the code asks for nothing else, and nothing in it is there for nobody."""

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from config.env import ROOT
from payments.actors import Actor
from payments.roles import PERMISSIONS, ROLES, TOXIC_PAIRS, permissions_of, toxic_pair

PACKAGES = ("ledger", "payments", "reconciliation", "portal")
NAME = re.compile(r"(?:payments|ledger|reconciliation|portal)\.[a-z_]*[a-z]")
# Where a text of this shape is always a permission: an argument of these, or a value given to these names.
ASKING = {"require", "may", "has_perm", "permission_required", "Edge", "Reason", "Act"}
NAMED = {"permission", "PERMISSION", "STAFF_PERMISSION", "restricted", "view_permission", "permissions"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations" not in path.parts and path.name != "roles.py":
                yield path, ast.parse(path.read_text())


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and NAME.fullmatch(part.value):
            yield part.value


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def asked_for(tree: ast.Module) -> Iterator[str]:
    """Every permission that a module asks for in so many words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in ASKING:
            for argument in node.args:
                yield from texts(argument)
        if isinstance(node, ast.keyword) and node.arg in NAMED:
            yield from texts(node.value)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(target, "id", "") in NAMED for target in targets):
                yield from texts(node.value)


def test_the_code_asks_only_for_permissions_that_are_in_the_table() -> None:
    asked = {(name, path.name) for path, tree in sources() for name in asked_for(tree)}
    assert len(asked) > 40
    assert not {(name, where) for name, where in asked if name not in PERMISSIONS}


def test_every_permission_in_the_table_is_asked_for_somewhere() -> None:
    """Django's admin asks for view_<model> by itself."""
    written = {name for _, tree in sources() for name in texts(tree)}
    assert not {name for name in PERMISSIONS if name not in written and ".view_" not in name}


def test_every_permission_is_somebodys_and_every_role_is_known() -> None:
    for name, (meaning, roles) in PERMISSIONS.items():
        assert NAME.fullmatch(name)
        assert meaning[0].isupper() and not meaning.endswith(".")
        assert roles and set(roles) <= set(ROLES) and len(set(roles)) == len(roles), name


ACTING = {name for name in PERMISSIONS if ".view_" not in name and name not in
          ("payments.enter_staff", "payments.use_portal")}  # fmt: skip


def test_an_auditor_changes_nothing_and_an_administrator_touches_no_money() -> None:
    assert permissions_of(["auditor"]) & ACTING == set()
    assert permissions_of(["administrator"]) & ACTING == {"payments.manage_users", "payments.manage_keys"}


def test_deny_is_the_default() -> None:
    assert permissions_of([]) == permissions_of(["superuser", "payments_ops "]) == frozenset()
    assert not Actor(id="usr_x", roles=frozenset({"boss"})).may("payments.view_client")


MAKE_AND_CHECK = (
    ("payments.request_withdrawal", "payments.approve_withdrawal"),
    ("payments.request_adjustment", "payments.approve_adjustment"),
    ("payments.retry_withdrawal", "payments.approve_withdrawal"),
    ("ledger.post_transaction", "ledger.reverse_transaction"),
)


@pytest.mark.parametrize(("make", "check"), MAKE_AND_CHECK)
def test_no_set_of_roles_that_one_person_may_hold_both_makes_and_checks(make: str, check: str) -> None:
    for count in range(1, len(ROLES) + 1):
        for held in combinations(ROLES, count):
            if toxic_pair(held) is None:
                assert not {make, check} <= permissions_of(held), held


def test_who_hands_out_rights_can_not_also_use_them() -> None:
    for held in combinations(ROLES, 2):
        if "administrator" in held and toxic_pair(held) is None:
            assert permissions_of(held) & ACTING <= {
                "payments.manage_users", "payments.manage_keys", "reconciliation.work_exception",
            }  # fmt: skip


@pytest.mark.parametrize("pair", TOXIC_PAIRS)
def test_a_toxic_pair_is_found_in_any_order_and_company(pair: tuple[str, str]) -> None:
    assert set(pair) <= set(ROLES)
    assert toxic_pair(pair) == pair
    assert toxic_pair([*reversed(pair), "auditor"]) is not None
    assert toxic_pair(pair[:1]) is None


def test_the_system_may_but_never_decides() -> None:
    from ledger.errors import SelfApproval

    system = Actor.system("anything")
    system.require("payments.approve_withdrawal")
    with pytest.raises(SelfApproval):
        system.require_other_than("usr_1")
    with pytest.raises(SelfApproval):
        Actor(id="key_x").require_other_than("usr_1")
