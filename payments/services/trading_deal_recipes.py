"""What a deal of a platform's history means in our books: one recipe per part of it, or a reason why it has none.

Pure. A deal that is not understood completely is not posted at all: there is no default bucket, and no part of a deal
is left out. The amounts are the client's view, in the account's currency.
"""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from ledger.errors import InvalidAmount
from ledger.money import Money
from payments import postings
from payments.connectors.platforms.base import PlatformDeal
from payments.postings import Recipe

KINDS = ("deal_profit", "deal_swap", "deal_commission", "deal_fee")

# Part of a trade → reason and house account: four transactions, one source row.
_TRADE = {
    "profit": ("TRADE_PNL", "house/trading-pnl"),
    "swap": ("SWAP", "house/swap"),
    "commission": ("COMMISSION", "house/commission"),
    "fee": ("COMMISSION", "house/commission"),
}
# Money operations that may have either sign; the amount is the profit.
_EITHER = {
    "charge": ("COMMISSION", "house/fees"),
    "commission": ("COMMISSION", "house/commission"),
    "interest": ("INTEREST", "house/interest"),
    "dividend": ("DIVIDEND", "house/trading-pnl"),
    "tax": ("TAX", "house/trading-pnl"),
}
# Money operations that only ever give; taken back, they need a person.
_GIVEN = {
    "partner": ("PARTNER_COMMISSION", "house/partner-commission"),
    "negative_balance_relief": ("NEGATIVE_BALANCE_RELIEF", "house/negative-balance-relief"),
}
_CREDIT = ("credit", "bonus", "credit_removed")


class NotUnderstood(Exception):
    """There is no recipe for this deal; the text says why, for the person who will look at it."""


@dataclass(frozen=True)
class Part:
    """One transaction to be: `kind` and the deal's ticket are its permanent reference."""

    kind: str
    recipe: Recipe


def parts(deal: PlatformDeal, *, trading: str, bonus: str, currency: str) -> list[Part]:
    """The transactions of a deal on the accounts `trading` and `bonus`; none for a deal without any amount.

    Raises NotUnderstood for a bucket, a sign or an amount that has no place in the books."""
    try:
        money = {name: Money.of(getattr(deal, name), currency) for name in _TRADE}
    except InvalidAmount as error:
        raise NotUnderstood(f"an amount that {currency} cannot have: {error.detail}") from error
    if deal.bucket == "trade":
        return [
            Part(f"deal_{name}", postings.trading_result(reason=reason, trading=trading, house=house, change=amount))
            for name, (reason, house) in _TRADE.items()
            if (amount := money[name])
        ]
    if money["swap"] or money["commission"] or money["fee"]:
        raise NotUnderstood(f"{deal.bucket}: with swap, commission or fee on it")
    recipe = _operation(deal.bucket, money["profit"], trading=trading, bonus=bonus)
    return [Part("deal_profit", recipe)] if money["profit"] else []


def _operation(bucket: str, change: Money, *, trading: str, bonus: str) -> Recipe:
    if bucket in _EITHER:
        reason, house = _EITHER[bucket]
        return postings.trading_result(reason=reason, trading=trading, house=house, change=change)
    if bucket in _GIVEN:
        reason, house = _GIVEN[bucket]
        if change.amount < 0:
            raise NotUnderstood(f"{bucket}: it takes money instead of giving it")
        return postings.adjusted(reason=reason, debit=house, credit=trading, money=change)
    if bucket in _CREDIT:
        if change.amount < 0:
            return postings.adjusted(reason="BONUS_REMOVED", debit=bonus, credit="house/bonus-cost", money=-change)
        return postings.adjusted(reason="BONUS_GRANTED", debit="house/bonus-cost", credit=bonus, money=change)
    raise NotUnderstood(f"{bucket}: there is no rule for such a row")


def facts(deal: PlatformDeal) -> dict[str, str]:
    """What a deal says, as text: kept with its transactions, so that a rewritten row is noticed. No comment: people
    write into it, and it moves no money."""
    return {
        "ticket": deal.ticket,
        "action": str(deal.action),
        "bucket": deal.bucket,
        "profit": _plain(deal.profit),
        "swap": _plain(deal.swap),
        "commission": _plain(deal.commission),
        "fee": _plain(deal.fee),
        "symbol": deal.symbol,
        "position": deal.position,
        "executed_at": deal.executed_at.isoformat(),
    }


def digest(deal_facts: dict[str, str]) -> str:
    """A short name of one version of a row."""
    return hashlib.sha256(json.dumps(deal_facts, sort_keys=True).encode()).hexdigest()[:12]


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"
