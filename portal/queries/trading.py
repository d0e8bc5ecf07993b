"""One day on one trading account, line by line: what the timeline's daily result is made of. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.errors import NotFound
from ledger.models import Account, Entry
from ledger.money import Money
from ledger.reasons import REASONS
from payments.models import Client, TradingAccount
from portal.wording.entries import TRADING_RESULTS, entry

_RESULTS = [code for result in TRADING_RESULTS for code in (result, REASONS[result].reversal_code)]


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """One booked part of a deal. `money` is signed, `ticket` is the platform's own number."""

    at: datetime
    title: str
    money: Money
    balance: Money | None
    ticket: str
    symbol: str


@dataclass(frozen=True, kw_only=True)
class Day:
    account: TradingAccount
    day: date
    lines: tuple[DayLine, ...]
    total: Money
    next: int | None


def day(client: Client, *, account: TradingAccount, of: date, after: int = 0, limit: int = 100) -> Day:
    """The lines of a day of the client's zone, oldest first; `next` goes into `after` of the next page.

    `total` is that of this page's lines. Raises NotFound for a day without lines."""
    zone = ZoneInfo(client.timezone)
    starts = datetime(of.year, of.month, of.day, tzinfo=zone)
    after_it = of + timedelta(days=1)
    ends = datetime(after_it.year, after_it.month, after_it.day, tzinfo=zone)
    code = client.account_code("trading", account.platform, account.login)
    rows = list(
        Entry.objects.filter(
            account__in=Account.objects.filter(code=code, currency=account.currency),
            layer=Entry.Layer.POSTED,
            effective_at__gte=starts,
            effective_at__lt=ends,
            transaction__reason__in=_RESULTS,
            pk__gt=after,
        )
        .select_related("transaction")
        .order_by("pk")[: limit + 1]
    )
    if not rows:
        raise NotFound
    shown = rows[:limit]
    lines = tuple(_line(row, account.currency) for row in shown)
    return Day(
        account=account,
        day=of,
        lines=lines,
        total=sum((line.money for line in lines), Money.zero(account.currency)),
        next=shown[-1].pk if len(rows) > limit else None,
    )


def _line(row: Entry, currency: str) -> DayLine:
    facts = row.transaction.metadata or {}
    deal = facts.get("deal", facts)
    return DayLine(
        at=row.effective_at,
        title=str(entry(row.transaction.reason_id).title),
        money=Money.of(row.amount, currency),
        balance=None if row.balance_after is None else Money.of(row.balance_after, currency),
        ticket=row.transaction.source_id or "",
        symbol=str(deal.get("symbol", "")) if isinstance(deal, dict) else "",
    )
