"""The functions, triggers and views that our migrations leave behind, read from the migrations themselves.

Whatever a migration runs counts, in the order in which it runs: SQL beside it and the triggers of django-pgtrigger. So
a new guard is expected from the moment that its migration is there. Must never ask the database what it has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from ledger.checks.guards import definitions
from ledger.checks.guards.definitions import Function, Trigger, name_of
from ledger.checks.guards.expressions import loose
from ledger.checks.guards.statements import Token, statements, upto
from ledger.database_rights import OURS


@dataclass
class Declared:
    """What should be there; triggers by table and name."""

    functions: dict[str, Function] = field(default_factory=dict)
    triggers: dict[tuple[str, str], Trigger] = field(default_factory=dict)
    views: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, sql: str) -> None:
        """What running the text adds, replaces or takes away."""
        for statement in statements(sql):
            first, rest = statement[0].word, _object(statement)
            if first == "create":
                self._create(rest)
            elif first == "drop":
                self._drop(rest)
            elif first == "alter" and rest[0].says("function"):
                self._alter(rest)

    def _create(self, rest: list[Token]) -> None:
        if rest[0].says("function"):
            function = definitions.function(rest)
            self.functions[function.name] = function
        elif rest[0].says("trigger"):
            trigger = definitions.trigger(rest[1:], constraint=False)
            self.triggers[trigger.table, trigger.name] = trigger
        elif rest[0].says("constraint") and rest[1].says("trigger"):
            trigger = definitions.trigger(rest[2:], constraint=True)
            self.triggers[trigger.table, trigger.name] = trigger
        elif rest[0].says("view"):
            body = upto(rest, 1, "as")
            self.views[name_of(rest, 1)[0]] = loose(rest[body + 1 :])

    def _drop(self, rest: list[Token]) -> None:
        names = [token.word for token in rest[1:] if token.kind == "word"]
        names = names[2:] if names[:2] == ["if", "exists"] else names
        if rest[0].says("function"):
            self.functions.pop(names[0], None)
        elif rest[0].says("view"):
            self.views.pop(names[0], None)
        elif rest[0].says("trigger"):
            self.triggers.pop((names[-1] if names[-1] not in ("cascade", "restrict") else names[-2], names[0]), None)

    def _alter(self, rest: list[Token]) -> None:
        name, at = name_of(rest, 1)
        at = upto(rest, at, "set")
        if name in self.functions and at < len(rest):
            setting = definitions.setting(rest[at + 1 :])
            before = [each for each in self.functions[name].settings if each[0] != setting[0]]
            self.functions[name] = replace(self.functions[name], settings=(*before, setting))


@lru_cache(maxsize=1)
def by_migrations() -> Declared:
    """What all migrations of ours leave behind. Reads the files once per process."""
    found = Declared()
    named: dict[tuple[str, str, str], str] = {}
    for app, operation in operations():
        if isinstance(operation, RunSQL):
            found.run(str(operation.sql))
        elif isinstance(operation, AddTrigger):
            trigger: Any = operation.trigger
            found.run(trigger.install_sql)
            named[app, operation.model_name, trigger.name] = trigger.uninstall_sql
        elif isinstance(operation, RemoveTrigger):
            found.run(named[app, operation.model_name, operation.name])
    return found


def operations() -> Iterator[tuple[str, Any]]:
    """Every operation of our migrations with its app, in an order in which they can run."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    done: set[tuple[str, str]] = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            if key not in done and key[0] in OURS:
                done.add(key)
                yield from ((key[0], each) for each in loader.graph.nodes[key].operations)


def _object(statement: list[Token]) -> list[Token]:
    """From the kind of object on."""
    at = 1
    while statement[at].says("or", "replace", "unique", "temp", "temporary"):
        at += 1
    return statement[at:]
