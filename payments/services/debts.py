"""What a client owes: taking money that a provider took back from us, and repaying debt from what arrives.

Money is taken from the wallet as far as it goes, the rest becomes the client's debt; nothing is lost and no wallet
goes below zero. The ledger decides what is available: figures read here are only a proposal, and a proposal that was
overtaken is made again.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from ledger import accounts, queries
from ledger.errors import InsufficientAvailable
from ledger.money import Money
from ledger.posting import Posted, Source
from payments import postings
from payments.models import Client
from payments.postings import Recipe
from payments.services.posting import post_recipe

_TRIES = 10


def available(client: Client, currency: str) -> Money:
    """What the wallet can give right now: its balance less what is on its way out."""
    return _figure(client.account_code("wallet"), currency)


def owed(client: Client, currency: str) -> Money:
    """What the client owes right now."""
    return _figure(client.account_code("debt"), currency)


def _figure(code: str, currency: str) -> Money:
    return Money.of(queries.balance_of(accounts.ref(code, currency).id).available, currency)


def post_proposed(
    propose: Callable[[], Recipe | None],
    *,
    source: Source,
    effective_at: datetime | None = None,
    description: str = "",
    metadata: dict[str, str] | None = None,
) -> Posted | None:
    """Post what `propose` makes of the figures it reads, again with fresh figures when the ledger says that they have
    changed meanwhile; None when there is nothing to post. Must be called inside the caller's unit of work.

    Raises what posting raises; InsufficientAvailable only when the figures never hold still."""
    for attempt in range(1, _TRIES + 1):
        recipe = propose()
        if recipe is None:
            return None
        try:
            with transaction.atomic():
                return post_recipe(
                    recipe,
                    source=source,
                    effective_at=effective_at,
                    description=description,
                    metadata=metadata,
                )
        except InsufficientAvailable:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def recover(
    *,
    client: Client,
    arrived: Money,
    source: Source,
    effective_at: datetime | None = None,
    metadata: dict[str, str] | None = None,
) -> Posted | None:
    """Repay the client's debt from what just arrived in the wallet, in a transaction of its own in the ledger.

    Returns None when nothing is owed or nothing of it can be taken."""

    def propose() -> Recipe | None:
        money = min(arrived, owed(client, arrived.currency), available(client, arrived.currency))
        if money.amount <= 0:
            return None
        wallet, debt = client.account_code("wallet"), client.account_code("debt")
        return postings.debt_recovered(wallet=wallet, debt=debt, money=money)

    return post_proposed(
        propose,
        source=source,
        effective_at=effective_at,
        description="Repaid from a deposit",
        metadata=metadata,
    )
