"""Comparing what a platform says an account holds with our mirror of it.

A difference in one read may be a matter of moments; the same difference in two reads one after the other, with no
transfer under way, is a case. The books are never moved to agree.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger import accounts, events
from ledger.models import Balance, Event
from payments import dispatch
from payments.actors import Actor
from payments.connectors.platforms.base import PlatformAccount
from payments.models import TradingAccount, Transfer
from payments.services import trading_accounts, transfer_cases

CATEGORY = "drift"
SEEN = "trading_account.drift_seen"
ENDED = "trading_account.drift_ended"
SYSTEM = Actor.system("platform-history")
UNDER_WAY = ("reserved", "sent", "unknown")


def note(account: TradingAccount, figures: PlatformAccount, now: datetime) -> None:
    """Write down the platform's figures and judge them. Older figures than the ones we have change nothing.

    Call inside a transaction, with the account's row locked."""
    rows = TradingAccount.objects.filter(pk=account.pk)
    if rows.filter(platform_as_of__gte=figures.as_of).exists():
        return
    rows.update(platform_balance=figures.balance, platform_equity=figures.equity, platform_as_of=figures.as_of)
    if not _moving(account, figures.as_of):
        _judge(account, figures, now)


def _moving(account: TradingAccount, as_of: datetime) -> bool:
    """True while a transfer may be on one side only: under way, or ended after the figures were asked for."""
    transfers = Transfer.objects.filter(trading_account=account)
    return transfers.filter(state__in=UNDER_WAY).exists() or transfers.filter(updated_at__gte=as_of).exists()


def _judge(account: TradingAccount, figures: PlatformAccount, now: datetime) -> None:
    ours = {kind: _mirror(account, kind) for kind in ("trading", "bonus")}
    difference = [figures.balance - ours["trading"], figures.credit - ours["bonus"]]
    seen = _open_episode(account)
    if not any(difference):
        if seen is not None:
            _record(account, ENDED, now, difference=["0", "0"])
            _settled(account, seen, "The platform and the books agree again.")
        return
    facts = {
        "difference": [_plain(amount) for amount in difference],
        "platform_balance": _plain(figures.balance),
        "books_balance": _plain(ours["trading"]),
        "platform_credit": _plain(figures.credit),
        "books_credit": _plain(ours["bonus"]),
    }
    if seen is not None and (seen.data or {})["difference"] == facts["difference"]:
        _raise(account, seen, facts, figures.as_of)
        return
    if seen is not None:
        _settled(account, seen, "The difference is another one now.")
    _record(account, SEEN, now, **facts)


def _mirror(account: TradingAccount, kind: str) -> Decimal:
    """What the books have posted, whatever is still pending."""
    code = trading_accounts.ledger_code(account, kind)
    row = Balance.objects.filter(account_id=accounts.ref(code, account.currency).id)
    return row.values_list("balance", flat=True).first() or Decimal(0)


def _open_episode(account: TradingAccount) -> Event | None:
    last = Event.objects.filter(object_ref=account.public_id, type__in=(SEEN, ENDED)).order_by("-id").first()
    return last if last is not None and last.type == SEEN else None


def _raise(account: TradingAccount, seen: Event, facts: dict[str, Any], as_of: datetime) -> None:
    dispatch.raise_exception(
        category=CATEGORY,
        key=_key(account, seen),
        title=f"{account}: the platform and the books differ by {facts['difference'][0]} {account.currency}",
        facts={"platform": account.platform, "login": account.login, "as_of": as_of.isoformat(), **facts},
        client_ref=account.client.public_id,
        object_ref=account.public_id,
        amount=facts["difference"][0],
        currency=account.currency,
    )


def _settled(account: TradingAccount, seen: Event, text: str) -> None:
    transfer_cases.settled(category=CATEGORY, key=_key(account, seen), outcome="explained", note=text)


def _key(account: TradingAccount, seen: Event) -> str:
    return f"{account.public_id}:{seen.public_id}"


def _record(account: TradingAccount, event_type: str, now: datetime, **data: Any) -> None:
    events.record(
        type=event_type,
        object_ref=account.public_id,
        client_ref=account.client.public_id,
        actor=SYSTEM,
        data=data,
        occurred_at=now,
    )


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"
