"""Putting the rows of a platform's history into the ledger, each once, and remembering what they said.

A row that no rule understands, or that the books refuse, is not posted in part: it becomes a case, and the others are
posted all the same. Cash is not posted here: it belongs to transfers.
"""

from collections.abc import Sequence

from django.db import transaction

from ledger import periods
from ledger.errors import DomainError
from ledger.models import Transaction
from ledger.posting import Draft, Source, post_batch
from payments.connectors.platforms.base import PlatformDeal
from payments.models import TradingAccount
from payments.services import trading_accounts, trading_deal_cases
from payments.services import trading_deal_recipes as recipes
from payments.services.posting import legs_of


def posted(platform: str, tickets: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the rows of these tickets said when they were posted, by ticket."""
    rows = Transaction.objects.filter(source_system=platform, source_kind__in=recipes.KINDS, source_id__in=tickets)
    return {str(ticket): (metadata or {})["deal"] for ticket, metadata in rows.values_list("source_id", "metadata")}


def post(account: TradingAccount, deals: Sequence[PlatformDeal]) -> tuple[list[str], list[str]]:
    """Post rows that are not posted yet, in one batch; where the books refuse that, row by row. Returns the tickets
    that were posted and those that became cases. Call inside the transaction of the read."""
    drafts: list[tuple[PlatformDeal, list[Draft]]] = []
    refused: list[str] = []
    for deal in deals:
        try:
            drafts.append((deal, _drafts(account, deal)))
        except recipes.NotUnderstood as reason:
            trading_deal_cases.unmapped(account, deal, str(reason))
            refused.append(deal.ticket)
    drafts = [(deal, own) for deal, own in drafts if own]
    try:
        with transaction.atomic():
            post_batch([draft for _, own in drafts for draft in own])
    except DomainError:
        alone = {deal.ticket: _post_alone(account, deal, own) for deal, own in drafts}
        refused += [ticket for ticket, done in alone.items() if not done]
        return [ticket for ticket, done in alone.items() if done], refused
    return [deal.ticket for deal, _ in drafts], refused


def _post_alone(account: TradingAccount, deal: PlatformDeal, drafts: Sequence[Draft]) -> bool:
    try:
        with transaction.atomic():
            post_batch(drafts)
    except DomainError as refusal:
        trading_deal_cases.unmapped(account, deal, f"the books refuse it: {refusal.detail}", code=refusal.code)
        return False
    return True


def _drafts(account: TradingAccount, deal: PlatformDeal) -> list[Draft]:
    trading, bonus = (trading_accounts.ledger_code(account, kind) for kind in ("trading", "bonus"))
    metadata = periods.landing({"deal": recipes.facts(deal), "account": account.public_id})
    return [
        Draft(
            reason=part.recipe.reason,
            legs=legs_of(part.recipe),
            source=Source(account.platform, part.kind, deal.ticket),
            effective_at=deal.executed_at,
            description=f"{account} ticket {deal.ticket} {deal.symbol}".strip(),
            metadata=metadata,
        )
        for part in recipes.parts(deal, trading=trading, bonus=bonus, currency=account.currency)
    ]
