"""What a client has, where it is, and why not all of it can be used: figures that add up on screen.

Everything comes from one statement, so the parts and their sum are of the same moment. Trading accounts stand apart
with the platform's own figures and their time; bonus never counts as cash. Reads only.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ledger import ids
from ledger.money import Money
from payments.models import Client
from portal.queries import rows
from portal.queries.figures import (
    ClientBalances,
    CurrencyBalances,
    FormulaLine,
    HeldAmount,
    OnItsWay,
    PocketFigures,
    TradingBalances,
)
from portal.queries.rows import Facts
from portal.queries.sql import text


@dataclass(frozen=True)
class _Figures:
    balance: Money
    pending_in: Money
    pending_out: Money

    @property
    def available(self) -> Money:
        return self.balance - self.pending_out


Accounts = dict[tuple[str, str], _Figures]
_CASH = ("wallet", "held", "pocket", "debt")


def of_client(client: Client, *, now: datetime) -> ClientBalances:
    """All balances of one client, currencies by code. Raises DoesNotAddUp when the ledger contradicts itself."""
    parts: dict[str, list[Facts]] = defaultdict(list)
    for part, facts in rows.fetch(text("balances"), {"owner": client.owner, "client": client.pk}):
        parts[part].append(Facts.read(facts))
    accounts: Accounts = {
        (facts["code"].removeprefix(f"client/{client.owner}/"), facts["currency"]): _Figures(
            facts.money("balance"), facts.money("pending_in"), facts.money("pending_out")
        )
        for facts in parts["account"]
    }
    cash = sorted(
        {currency for path, currency in accounts if path.split("/")[0] in ("wallet", "held", "pocket", "debt")}
    )
    return ClientBalances(
        currencies=tuple(_of_currency(code, accounts, parts["hold"], parts["transfer"]) for code in cash),
        trading=tuple(_of_trading(facts, accounts) for facts in sorted(parts["trading"], key=_platform_and_login)),
        as_of=now,
    )


def _of_currency(code: str, accounts: Accounts, holds: list[Facts], transfers: list[Facts]) -> CurrencyBalances:
    wallet = _figures(accounts, "wallet", code)
    held = _figures(accounts, "held", code).balance
    owed = _figures(accounts, "debt", code).balance
    pockets = tuple(
        PocketFigures(name=path.removeprefix("pocket/"), balance=figures.balance, available=figures.available)
        for (path, currency), figures in sorted(accounts.items())
        if currency == code and path.startswith("pocket/")
    )
    in_pockets = sum((pocket.balance for pocket in pockets), Money.zero(code))
    formula = withdrawable(available=wallet.available, owed=owed)
    return CurrencyBalances(
        currency=code,
        available=wallet.available,
        held=held,
        on_its_way=wallet.pending_out,
        in_pockets=in_pockets,
        total=wallet.balance + held + in_pockets,
        arriving=wallet.pending_in,
        owed=owed,
        available_to_withdraw=sum((line.money for line in formula), Money.zero(code)),
        formula=formula,
        holds=tuple(_hold(facts) for facts in holds if facts["currency"] == code),
        on_the_way=_on_the_way(wallet.pending_out, [facts for facts in transfers if facts["currency"] == code]),
        pockets=pockets,
    )


def withdrawable(*, available: Money, owed: Money) -> tuple[FormulaLine, ...]:
    """The lines whose sum can be withdrawn. While the client owes the firm in this currency nothing can
    (`payments.policy.rules.withdrawal.no_debt`)."""
    lines = [FormulaLine(code="available", money=available)]
    if owed and available:
        lines.append(FormulaLine(code="blocked_by_debt", money=-available))
    return tuple(lines)


def _on_the_way(pending: Money, transfers: list[Facts]) -> tuple[OnItsWay, ...]:
    """The open transfers out of the wallet, and what else is reserved in the ledger."""
    items = [
        OnItsWay(
            reference=ids.encode("tr", uuid.UUID(facts["id"])),
            money=facts.money("amount"),
            target=f"{facts['platform'].upper()} {facts['login']}",
        )
        for facts in transfers
        if facts["direction"] == "to_platform"
    ]
    rest = pending - sum((item.money for item in items), Money.zero(pending.currency))
    if rest:
        items.append(OnItsWay(reference="", money=rest, target=""))
    return tuple(items)


def _hold(facts: Facts) -> HeldAmount:
    withdrawal, refund = facts.uuid("withdrawal"), facts.uuid("refund")
    since = facts.time("placed_at")
    assert since is not None  # noqa: S101 (the column is not null)
    return HeldAmount(
        reference=ids.encode("hold", uuid.UUID(facts["id"])),
        kind=facts["kind"],
        money=facts.money("remaining"),
        since=since,
        until=facts.time("expires_at"),
        movement=ids.encode("wd", withdrawal) if withdrawal else ids.encode("ref", refund) if refund else "",
    )


def _of_trading(facts: Facts, accounts: Accounts) -> TradingBalances:
    place, code = f"{facts['platform']}/{facts['login']}", facts["currency"]
    mirror = _figures(accounts, f"trading/{place}", code)
    return TradingBalances(
        reference=ids.encode("ta", uuid.UUID(facts["id"])),
        platform=facts["platform"],
        login=facts["login"],
        currency=code,
        active=facts["state"] == "active",
        balance=mirror.balance,
        available=mirror.available,
        on_its_way_in=mirror.pending_in,
        on_its_way_out=mirror.pending_out,
        bonus=_figures(accounts, f"bonus/{place}", code).balance,
        platform_balance=facts.money_or_none("platform_balance"),
        platform_equity=facts.money_or_none("platform_equity"),
        as_of=facts.time("as_of"),
    )


def _platform_and_login(facts: Facts) -> tuple[str, str]:
    return facts["platform"], facts["login"]


def _figures(accounts: Accounts, path: str, code: str) -> _Figures:
    zero = Money.zero(code)
    return accounts.get((path, code)) or _Figures(zero, zero, zero)
