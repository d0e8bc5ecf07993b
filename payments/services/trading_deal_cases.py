"""What staff are told when a platform's history and our books disagree about one row.

One case per row and finding, however often the row is read again. Nothing here changes a posting: none of the two sides
is ever corrected silently from the other.
"""

from collections.abc import Mapping
from typing import Any

from ledger import ids
from ledger.errors import InvalidAmount
from ledger.money import Money
from payments import dispatch
from payments.connectors.platforms.base import PlatformDeal
from payments.models import TradingAccount, Transfer
from payments.services import trading_deal_recipes as recipes

UNMATCHED = "unmatched_platform_operation"
UNMAPPED = "unmapped_type"
MUTATED = "platform_row_mutated"
VANISHED = "platform_row_vanished"


def unmatched(account: TradingAccount, deal: PlatformDeal, why: str, **more: Any) -> None:
    """Cash that moved on the platform, and no transfer of ours explains it."""
    _row(UNMATCHED, account, deal, why, **more)


def unmapped(account: TradingAccount, deal: PlatformDeal, why: str, **more: Any) -> None:
    """A row that moved money (or may have), and no rule says what it is, or the books cannot take it."""
    _row(UNMAPPED, account, deal, why, **more)


def _row(category: str, account: TradingAccount, deal: PlatformDeal, why: str, **more: Any) -> None:
    _raise(
        category,
        account,
        ticket=deal.ticket,
        title=f"{account} ticket {deal.ticket}: {why}",
        facts={**recipes.facts(deal), "why": why, "comment": deal.comment, "reason": deal.reason, **more},
        amount=recipes.facts(deal)["profit"],
    )


def unpaired(transfer: Transfer, ticket: str, why: str) -> None:
    """A balance operation that carries a transfer's token, but is not the one that the transfer was settled by."""
    _raise(
        UNMATCHED,
        transfer.platform_account,
        ticket=ticket,
        title=f"{transfer.platform_account} ticket {ticket}: {why}",
        facts={"ticket": ticket, "why": why, "transfer": transfer.public_id, "token": transfer.token},
        amount=f"{transfer.platform_amount.normalize():f}",
    )


def mutated(account: TradingAccount, deal: PlatformDeal, was: Mapping[str, str]) -> None:
    """A row that was posted says something else now."""
    now_says = recipes.facts(deal)
    _raise(
        MUTATED,
        account,
        ticket=f"{deal.ticket}:{recipes.digest(now_says)}",
        title=f"{account} ticket {deal.ticket} was rewritten after it was posted",
        facts={"was": dict(was), "is": now_says, "comment": deal.comment},
        amount=was.get("profit", ""),
    )


def vanished(account: TradingAccount, ticket: str, was: Mapping[str, str]) -> None:
    """A row that was posted is not in the history any more."""
    _raise(
        VANISHED,
        account,
        ticket=ticket,
        title=f"{account} ticket {ticket} was posted and is gone from the history",
        facts={"was": dict(was)},
        amount=was.get("profit", ""),
    )


def _raise(
    category: str, account: TradingAccount, *, ticket: str, title: str, facts: dict[str, Any], amount: str
) -> None:
    dispatch.raise_exception(
        category=category,
        key=f"{account.platform}:{ticket}",
        title=title[:200],
        facts={"platform": account.platform, "login": account.login, **facts},
        client_ref=ids.encode("cl", account.client_id),
        object_ref=account.public_id,
        amount=_representable(amount, account.currency),
        currency=account.currency,
    )


def _representable(amount: str, currency: str) -> str:
    """The amount of a case; "" for one that the currency cannot have, which the facts show as it came."""
    try:
        return Money.of(amount, currency).text
    except InvalidAmount:
        return ""
