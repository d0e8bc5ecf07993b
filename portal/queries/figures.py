"""The figures of a client's balances, frozen: a currency's parts and their sum, and the trading accounts beside them.

A currency refuses to be built when its parts do not add up. Pure data: nothing here reads or writes.
"""

from dataclasses import dataclass
from datetime import datetime

from ledger.money import Money


class DoesNotAddUp(AssertionError):
    """The books contradict themselves; nothing may be shown as if they did not."""


@dataclass(frozen=True, kw_only=True)
class FormulaLine:
    """One line of "available to withdraw": `code` names the words, `money` is signed."""

    code: str
    money: Money


@dataclass(frozen=True, kw_only=True)
class HeldAmount:
    """One open hold. `movement` is the public id of what it is for, "" when the firm placed it by itself."""

    reference: str
    kind: str
    money: Money
    since: datetime
    until: datetime | None
    movement: str


@dataclass(frozen=True, kw_only=True)
class OnItsWay:
    """A pending debit of the wallet. `reference` is the transfer, "" for a reservation that is no transfer."""

    reference: str
    money: Money
    target: str


@dataclass(frozen=True, kw_only=True)
class PocketFigures:
    """One pocket in one currency. `balance` is what is in it, `available` what of that is not on its way out."""

    name: str
    balance: Money
    available: Money


@dataclass(frozen=True, kw_only=True)
class CurrencyBalances:
    """One currency: `total = available + held + on_its_way + in_pockets`, checked when it is built.

    `available` is the wallet's; what is in pockets is the client's own too, and moved to the wallet to be used."""

    currency: str
    available: Money
    held: Money
    on_its_way: Money
    in_pockets: Money
    total: Money
    arriving: Money
    owed: Money
    available_to_withdraw: Money
    formula: tuple[FormulaLine, ...]
    holds: tuple[HeldAmount, ...]
    on_the_way: tuple[OnItsWay, ...]
    pockets: tuple[PocketFigures, ...]

    def __post_init__(self) -> None:
        zero = Money.zero(self.currency)
        sums = (
            (self.total, self.available + self.held + self.on_its_way + self.in_pockets),
            (self.in_pockets, sum((pocket.balance for pocket in self.pockets), zero)),
            (self.held, sum((hold.money for hold in self.holds), zero)),
            (self.on_its_way, sum((item.money for item in self.on_the_way), zero)),
            (self.available_to_withdraw, sum((line.money for line in self.formula), zero)),
        )
        for shown, parts in sums:
            if shown != parts:
                raise DoesNotAddUp(f"{shown} is shown where the parts add up to {parts}")


@dataclass(frozen=True, kw_only=True)
class TradingBalances:
    """One trading account. `balance` is our mirror, `platform_*` are the platform's words with their time `as_of`."""

    reference: str
    platform: str
    login: str
    currency: str
    active: bool
    balance: Money
    available: Money
    on_its_way_in: Money
    on_its_way_out: Money
    bonus: Money
    platform_balance: Money | None
    platform_equity: Money | None
    as_of: datetime | None

    @property
    def name(self) -> str:
        return f"{self.platform.upper()} {self.login}"

    @property
    def agrees(self) -> bool:
        """The platform's last figure is ours."""
        return self.platform_balance is None or self.platform_balance == self.balance


@dataclass(frozen=True, kw_only=True)
class ClientBalances:
    currencies: tuple[CurrencyBalances, ...]
    trading: tuple[TradingBalances, ...]
    as_of: datetime

    def of(self, currency: str) -> CurrencyBalances | None:
        return next((found for found in self.currencies if found.currency == currency), None)
