"""Looking into the books of a test firm in a few words."""

from decimal import Decimal

from ledger import accounts, queries
from ledger.errors import NotFound
from payments.models import Client


def balance(code: str, currency: str = "EUR") -> Decimal:
    """Posted balance of an account in its normal direction; zero when it was never used."""
    try:
        return queries.balance_of(accounts.find(code, currency).id).balance
    except NotFound:
        return Decimal(0)


def available(client: Client, currency: str = "EUR") -> Decimal:
    try:
        return queries.balance_of(accounts.find(client.account_code("wallet"), currency).id).available
    except NotFound:
        return Decimal(0)


def held(client: Client, currency: str = "EUR") -> Decimal:
    return balance(client.account_code("held"), currency)


def assert_sound() -> None:
    """Every invariant of the ledger holds, recomputed from the entries."""
    from ledger import invariants

    report = invariants.run()
    assert not report.findings, report
