"""Turning recipes into postings: the one step between `payments.postings` and the ledger's door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger import accounts, periods
from ledger.posting import Leg, Posted, Source, credit, debit, post
from payments.postings import Recipe


def legs_of(recipe: Recipe) -> list[Leg]:
    """The recipe's lines on real accounts, opened on first use."""
    sides = {"debit": debit, "credit": credit}
    return [
        sides[line.side](accounts.ref(line.account, line.money.currency), line.money.amount) for line in recipe.lines
    ]


def post_recipe(
    recipe: Recipe,
    *,
    source: Source,
    pending: bool = False,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Posted:
    """Post a recipe once: the business reference in `source` makes a repetition harmless. Raises what `post` raises.

    `effective_at` is the outside system's time and needs no permission: nobody chose it. Where its day is closed
    already, the posting lands in the next open one and points back."""
    return post(
        reason=recipe.reason,
        legs=legs_of(recipe),
        source=source,
        pending=pending,
        effective_at=effective_at,
        description=description,
        metadata=metadata if effective_at is None else periods.landing(metadata),
    )
