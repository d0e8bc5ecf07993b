"""Carrying out a plan of opening balances: clients, accounts and postings, in the caller's transaction, whole or not.

What was posted is added up again from the entries themselves and compared with the plan: a difference undoes it all.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from simple_history.utils import bulk_create_with_history

from ledger import accounts, events, ids
from ledger.chart import KINDS
from ledger.errors import DomainError, Unbalanced
from ledger.events import Change
from ledger.money import EXACT
from ledger.posting import Draft, Leg, credit, debit, post_batch
from payments import dispatch, postings
from payments.actors import Actor
from payments.models import Client, OpeningImport, TradingAccount
from payments.opening_files import Totals
from payments.services.opening_plans import OPENING, SUSPENSE, SYSTEM, Placed, Plan, unplaced

BATCH = 10_000
Progress = Callable[[int, int], None]

References = dict[tuple[str, str], accounts.AccountRef]


def carry_out(
    opening: OpeningImport, plan: Plan, *, actor: Actor, now: datetime, progress: Progress = lambda done, of: None
) -> dict[int, UUID]:
    """Create and post everything; line → transaction. Raises DomainError, after which nothing may be committed."""
    _create_clients(plan, actor, now)
    currencies = {placed.row.money.currency for placed in plan.placed}
    names = [(placed.code, placed.row.money.currency) for placed in plan.placed]
    refs = accounts.open_many([*names, *((OPENING, code) for code in currencies)])
    posted: dict[int, UUID] = {}
    moving = plan.posted
    for start in range(0, len(moving), BATCH):
        part = moving[start : start + BATCH]
        answers = _post(part, [_draft(placed, refs, opening) for placed in part])
        posted |= {placed.row.line: answer for placed, answer in zip(part, answers, strict=True)}
        progress(len(posted), len(moving))
    _require_posted(plan, opening)
    for placed in plan.unplaced:
        _raise_case(placed, opening, posted.get(placed.row.line))
    return posted


def posted_totals(opening: OpeningImport) -> Totals:
    """What the entries of an import add up to per kind and currency, in the accounts' normal direction."""
    sql = """
        SELECT a.kind, a.currency, count(*), sum(e.amount * a.sign)
          FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
          JOIN ledger_account a ON a.id = e.account_id
         WHERE t.source_system = %s AND t.reason = 'OPENING_BALANCE' AND t.metadata ->> 'import' = %s
           AND a.kind <> 'opening' GROUP BY 1, 2"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [SYSTEM, opening.public_id])
        return {(kind, code): (rows, Decimal(amount)) for kind, code, rows, amount in cursor.fetchall()}


def _post(part: list[Placed], drafts: list[Draft]) -> list[UUID]:
    try:
        return [posted.id for posted in post_batch(drafts)]
    except DomainError as error:
        if "index" in error.data:
            error.detail = f"Line {part[error.data['index']].row.line}: {error.detail}"
        raise


def _draft(placed: Placed, refs: References, opening: OpeningImport) -> Draft:
    row, code = placed.row, placed.row.money.currency
    # A row in suspense keeps its side: money that was a client's credit is owed to somebody still.
    kind = KINDS[row.kind]
    recipe = postings.opened(account=placed.code, opening=OPENING, owed_to_others=kind.sign > 0, balance=row.money)
    sides = {"debit": debit, "credit": credit}
    legs: list[Leg] = [sides[line.side](refs[line.account, code], line.money.amount) for line in recipe.lines]
    return Draft(
        reason=recipe.reason,
        legs=legs,
        source=placed.source,
        effective_at=min(row.ends_at, opening.created_at),
        description=f"Opening balance, {opening.reference}, line {row.line}",
        metadata={"import": opening.public_id, "line": row.line, **({"why": placed.why} if placed.why else {})},
    )


def _create_clients(plan: Plan, actor: Actor, now: datetime) -> None:
    """New clients and logins in a few statements, each client with its event."""
    if plan.new_clients:
        bulk_create_with_history(plan.new_clients, Client, batch_size=1000)
    if plan.new_trading_accounts:
        bulk_create_with_history(plan.new_trading_accounts, TradingAccount, batch_size=1000)
    changes = [
        Change(
            object_ref=client.public_id,
            client_ref=client.public_id,
            after={"kyc_level": client.kyc_level, "state": client.state},
            data={"from": "opening import"},
        )
        for client in plan.new_clients
    ]
    events.record_many(type="client.created", actor=actor, changes=changes, occurred_at=now)


def _require_posted(plan: Plan, opening: OpeningImport) -> None:
    """Raise Unbalanced unless the entries are exactly what the plan says."""
    wanted: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for placed in plan.posted:
        kind = "suspense" if placed.why else placed.row.kind
        signed = placed.row.money.amount
        if placed.why and KINDS[placed.row.kind].sign < 0:
            signed = signed.copy_negate()
        key = kind, placed.row.money.currency
        rows, amount = wanted.get(key, (0, Decimal(0)))
        wanted[key] = rows + 1, EXACT.add(amount, signed)
    if posted_totals(opening) != wanted:
        raise Unbalanced("What was posted is not what was planned: nothing was kept.", param="file")


def _raise_case(placed: Placed, opening: OpeningImport, transaction: UUID | None) -> None:
    facts: dict[str, Any] = {**unplaced(placed), "import": opening.public_id, "suspense": SUSPENSE}
    if transaction is not None:
        facts["transaction"] = ids.encode("txn", transaction)
    dispatch.raise_exception(
        category="opening_unplaced",
        key=f"{opening.public_id}:{placed.row.line}",
        title=f"Line {placed.row.line} of {opening.reference} is in suspense: {placed.why}",
        facts=facts,
        object_ref=opening.public_id,
        amount=abs(placed.row.money).text,
        currency=placed.row.money.currency,
    )
