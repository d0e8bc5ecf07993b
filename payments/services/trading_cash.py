"""Cash rows of a platform's history: each must be the platform leg of exactly one transfer of ours.

A row is paired by the ticket that the transfer was settled by, else by our token at the head of its comment with the
same signed amount. Anything else is money that nobody asked us for: a case, never a posting.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from payments.connectors.platforms.base import PlatformDeal
from payments.models import TradingAccount, Transfer
from payments.services import trading_deal_cases, transfer_steps

KIND = "deal_cash"  # of the ledger source of a settled transfer
_TOKEN = re.compile(r"WW[A-Z0-9]{18}(?![A-Za-z0-9_-])")


def settled_by(account: TradingAccount, tickets: Iterable[str]) -> dict[str, Transfer]:
    """The transfers of this account that were settled by one of these tickets, by ticket."""
    transfers = Transfer.objects.filter(trading_account=account, platform_ticket__in=[t for t in tickets if t])
    return {transfer.platform_ticket: transfer for transfer in transfers}


def pair(account: TradingAccount, deal: PlatformDeal, now: datetime) -> bool:
    """Pair a cash row with its transfer, settling one that is still in doubt; False when it became a case.

    Call inside the transaction of the read."""
    head = _TOKEN.match(deal.comment)
    # Locked, because whoever sends or asks may be settling it by this very row at this moment.
    named = Transfer.objects.select_for_update(of=("self",)).filter(trading_account=account)
    transfer = named.filter(token=head[0]).first() if head else None
    if transfer is None:
        trading_deal_cases.unmatched(account, deal, "a balance operation that no transfer asked for")
        return False
    why = _objection(deal, transfer)
    if why:
        trading_deal_cases.unmatched(account, deal, why, transfer=transfer.public_id)
        return False
    transfer_steps.confirm(
        transfer_id=transfer.pk, ticket=deal.ticket, executed_at=deal.executed_at, now=now, found="import"
    )
    return True


def still_agrees(account: TradingAccount, deal: PlatformDeal, transfer: Transfer) -> bool:
    """True when a row says what the transfer that it settled says; False when it became a case."""
    amount: Decimal = transfer.platform_amount
    if deal.bucket == "cash" and deal.profit == amount:
        return True
    was = {"transfer": transfer.public_id, "bucket": "cash", "profit": f"{amount.normalize():f}"}
    trading_deal_cases.mutated(account, deal, was)
    return False


def _objection(deal: PlatformDeal, transfer: Transfer) -> str:
    """Why a row with a transfer's token does not settle it; "" when it does."""
    if deal.profit != transfer.platform_amount:
        return f"it carries the token of {transfer.public_id} with another amount"
    if transfer.platform_ticket == deal.ticket:
        return ""
    if transfer.state == "confirmed":
        return f"it carries the token of {transfer.public_id}, which ticket {transfer.platform_ticket} has settled"
    if transfer.state not in ("sent", "unknown"):
        return f"it carries the token of {transfer.public_id}, which is {transfer.state}"
    return ""
