"""The rules that our models give their tables: checks, uniqueness, references, and columns that are never empty.

Rules are compared by what they say; by name where the model gives one. Must never ask the database what it has.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import connection, models

from ledger.checks.guards.expressions import Tree, canonical
from ledger.database_rights import OURS


@dataclass(frozen=True, kw_only=True)
class Unique:
    """`name` is "" where Django makes one up; `columns` are empty where an expression is unique."""

    name: str
    columns: tuple[str, ...]
    condition: Tree = ""
    nulls_distinct: bool = True


@dataclass
class Rules:
    """What a table should have. `checks`: name ("" where Django makes one up) and condition."""

    checks: list[tuple[str, Tree]] = field(default_factory=list)
    uniques: list[Unique] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)  # column, table
    filled: set[str] = field(default_factory=set)


@lru_cache(maxsize=1)
def by_models() -> dict[str, Rules]:
    """By table of ours. Built once per process."""
    return {
        model._meta.db_table: _rules(model)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS and model._meta.managed and not model._meta.proxy
    }


def _rules(model: type[models.Model]) -> Rules:
    rules = Rules()
    for each in model._meta.local_concrete_fields:
        if not each.null:
            rules.filled.add(str(each.column))
        if check := each.db_check(connection):
            rules.checks.append(("", canonical(str(check))))
        if each.unique:
            rules.uniques.append(Unique(name="", columns=(str(each.column),)))
        if each.remote_field and getattr(each, "db_constraint", False):
            rules.references.append((str(each.column), each.remote_field.model._meta.db_table))
    if isinstance(model._meta.pk, models.CompositePrimaryKey):
        rules.uniques.append(Unique(name="", columns=tuple(str(each.column) for each in model._meta.pk_fields)))
    for columns in model._meta.unique_together:
        rules.uniques.append(Unique(name="", columns=tuple(_column(model, name) for name in columns)))
    _add_constraints(rules, model)
    return rules


def _add_constraints(rules: Rules, model: type[models.Model]) -> None:
    editor = connection.schema_editor(collect_sql=True)
    constraint: Any
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            rules.checks.append((constraint.name, canonical(str(constraint._get_check_sql(model, editor)))))  # type: ignore[attr-defined]
        elif isinstance(constraint, models.UniqueConstraint):
            condition = constraint._get_condition_sql(model, editor)  # type: ignore[attr-defined]
            rules.uniques.append(
                Unique(
                    name=constraint.name,
                    columns=tuple(_column(model, name) for name in constraint.fields),
                    condition=canonical(str(condition) if condition else ""),
                    nulls_distinct=constraint.nulls_distinct is not False,
                )
            )


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]
