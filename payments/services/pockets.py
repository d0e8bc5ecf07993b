"""Pockets: parts of a client's money that he keeps apart, under names of his own. They are cash like the wallet.

A pocket is an account of the chart and nothing more: it appears with its first transfer and shows while it holds money.
Nothing here moves money.
"""

from dataclasses import dataclass

from ledger import queries
from ledger.chart import classify
from ledger.errors import InvalidRequest
from ledger.money import Money
from payments.models import Client

POCKETS_MOST = 20


@dataclass(frozen=True)
class Pocket:
    """One pocket in one currency: what is in it, and what of that can be moved."""

    name: str
    balance: Money
    available: Money


def of(client: Client) -> list[Pocket]:
    """The client's pockets by name and currency, empty ones too."""
    return [
        Pocket(
            name=figures.code.rsplit("/", 1)[1],
            balance=Money.of(figures.balance, figures.currency),
            available=Money.of(figures.available, figures.currency),
        )
        for figures in queries.balances_of(client.owner)
        if figures.kind == "pocket"
    ]


def ends(*, client: Client, source: str, target: str) -> tuple[str, str]:
    """The account codes of a transfer between wallet ("") and pockets.

    Raises InvalidRequest (param "from" or "to") for a name that no pocket can have, a pocket that cannot give because
    it does not exist, twice the same end, or one pocket too many."""
    if source == target:
        raise InvalidRequest("A transfer has two different ends.", param="to")
    codes = []
    for param, name in (("from", source), ("to", target)):
        code = client.account_code("pocket", name) if name else client.account_code("wallet")
        try:
            classify(code)
        except InvalidRequest:
            words = "A pocket's name has small letters, digits, - and _, and up to 40 of them."
            raise InvalidRequest(words, param=param) from None
        codes.append(code)
    known = {pocket.name for pocket in of(client)}
    if source and source not in known:
        raise InvalidRequest(f"There is no pocket “{source}”.", param="from")
    if target and target not in known and len(known) >= POCKETS_MOST:
        raise InvalidRequest(f"A client has up to {POCKETS_MOST} pockets.", param="to")
    return codes[0], codes[1]
