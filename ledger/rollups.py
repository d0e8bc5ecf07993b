"""Sums of accounts: per category, kind, branch of the chart or account, per currency, now or as of a time.

One statement per question, so that the parts and their sum are of the same moment, and a drill-down is the same
question asked of a smaller part. Nothing here writes, locks or decides.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connections

from ledger.chart import DEBIT_NORMAL, KINDS
from ledger.errors import InvalidRequest
from ledger.money import EXACT
from ledger.scopes import Scope

LEVELS = ("category", "kind", "prefix", "account")
# What a click on a group shows next.
FINER = {"category": "kind", "kind": "account", "prefix": "prefix", "account": ""}


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """What the accounts of one group hold in one currency, posted, major units.

    `debit` and `credit` are the sums of the accounts that stand on that side; `credit − debit` is the same whichever
    way the accounts are grouped. `pending_in` and `pending_out` are each in their account's normal direction."""

    name: str
    currency: str
    accounts: int
    debit: Decimal
    credit: Decimal
    pending_in: Decimal
    pending_out: Decimal
    sign: int

    @property
    def balance(self) -> Decimal:
        """The sum in the group's normal direction."""
        sides = (self.credit, self.debit) if self.sign > 0 else (self.debit, self.credit)
        return EXACT.subtract(*sides)


def roll_up(
    *,
    by: str,
    within: Scope | None = None,
    effective_at: datetime | None = None,
    recorded_at: datetime | None = None,
    using: str = "default",
) -> list[RollUp]:
    """Sums per group ("category", "kind", "prefix" or "account") and currency, by name.

    "prefix" groups by one more part of the code than `within` names: "client", "psp", … then "psp/stripe", … Times are
    as in `queries.as_of`; None means now. `using` is the connection that is read from. Accounts without money are
    counted. Raises InvalidRequest (param "by")."""
    if by not in LEVELS:
        raise InvalidRequest(f"Sums are by {', '.join(LEVELS)}.", param="by")
    within = within or Scope()
    figures, times = _figures(effective_at, recorded_at)
    condition, values = within.where()
    name = _GROUPS[by].format(depth=within.depth + 1)
    sql = f"""
        SELECT {name} AS name, a.currency, count(*) AS accounts,
               sum(greatest(-n.balance * a.sign, 0)) AS debit, sum(greatest(n.balance * a.sign, 0)) AS credit,
               sum(n.pending_in) AS pending_in, sum(n.pending_out) AS pending_out, min(a.sign) AS sign
          FROM ledger_account a {figures}
         WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2"""  # noqa: S608 (literals of this module; words are parameters)
    with connections[using].cursor() as cursor:
        cursor.execute(sql, [*times, *values])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [_row(by, row) for row in rows]


def totals(rows: list[RollUp]) -> list[RollUp]:
    """One row per currency: in a whole book its debits are its credits."""
    summed: dict[str, dict[str, Any]] = {}
    for row in rows:
        total = summed.setdefault(row.currency, dict.fromkeys(_SUMMED, Decimal(0)))
        for field in _SUMMED:
            total[field] = EXACT.add(total[field], Decimal(getattr(row, field)))
    return [
        RollUp(name="", currency=code, sign=1, **{**total, "accounts": int(total["accounts"])})
        for code, total in sorted(summed.items())
    ]


_SUMMED = tuple(field.name for field in fields(RollUp) if field.name not in ("name", "currency", "sign"))
_GROUPS = {
    "category": "a.category",
    "kind": "a.kind",
    "account": "a.code",
    "prefix": "array_to_string((string_to_array(a.code, '/'))[1:{depth}], '/')",
}


def _figures(effective_at: datetime | None, recorded_at: datetime | None) -> tuple[str, list[Any]]:
    """The accounts' figures as `n`. Now, running accounts have a row and only house accounts are added up."""
    if effective_at is None and recorded_at is None:
        now = """LEFT JOIN ledger_balance b ON b.account_id = a.id
                 LEFT JOIN LATERAL ledger_balance_now(CASE WHEN b.account_id IS NULL THEN a.id END) h
                        ON b.account_id IS NULL
                CROSS JOIN LATERAL (SELECT coalesce(b.balance, h.balance) AS balance,
                                           coalesce(b.pending_in, h.pending_in) AS pending_in,
                                           coalesce(b.pending_out, h.pending_out) AS pending_out) n"""
        return now, []
    return ", LATERAL ledger_as_of(a.id, %s::timestamptz, %s::timestamptz) n", [effective_at, recorded_at]


def _row(by: str, row: dict[str, Any]) -> RollUp:
    if by == "category":
        row["sign"] = -1 if row["name"] in DEBIT_NORMAL else 1
    elif by == "kind":
        row["sign"] = KINDS[row["name"]].sign
    elif by == "prefix":
        row["sign"] = Scope(prefix=row["name"]).sign
    return RollUp(**row)
