"""Every movement as debits and credits: the page an accountant reads.

Plain functions from facts to recipes; nothing here looks anything up or writes anything. A recipe names accounts by
code, so it can be printed, tested and discussed without a database. `services` turn recipes into postings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ledger.money import Money
from payments.fx.amounts import Amounts


@dataclass(frozen=True)
class Line:
    """One debit or credit of an amount above zero."""

    side: Literal["debit", "credit"]
    account: str
    money: Money


@dataclass(frozen=True)
class Recipe:
    """One transaction to be: its reason and its lines, which balance per currency."""

    reason: str
    lines: tuple[Line, ...]


def _recipe(reason: str, *lines: Line) -> Recipe:
    return Recipe(reason, tuple(line for line in lines if line.money))


def _debit(account: str, money: Money) -> Line:
    return Line("debit", account, money)


def _credit(account: str, money: Money) -> Line:
    return Line("credit", account, money)


# --- deposits ---------------------------------------------------------------------------------------------------------


def deposit_captured(*, wallet: str, psp: str, gross: Money, fee: Money | None) -> Recipe:
    """The client has the gross; the provider keeps its fee. Without a known fee the whole gross is receivable."""
    kept = fee or Money.zero(gross.currency)
    return _recipe(
        "DEPOSIT_CAPTURED",
        _debit(f"psp/{psp}/clearing", gross - kept),
        _debit("house/psp-fees", kept),
        _credit(wallet, gross),
    )


def psp_fee(*, psp: str, fee: Money) -> Recipe:
    """A fee the provider told us of later."""
    return _recipe("PSP_FEE", _debit("house/psp-fees", fee), _credit(f"psp/{psp}/clearing", fee))


def debt_recovered(*, wallet: str, debt: str, money: Money) -> Recipe:
    """What the client owed is repaid from what just arrived."""
    return _recipe("DEBT_RECOVERY", _debit(wallet, money), _credit(debt, money))


def psp_settled(*, psp: str, bank: str, net: Money) -> Recipe:
    """The provider's payout arrived on our bank account (a negative net is a collection by the provider)."""
    if net.amount < 0:
        return _recipe(
            "DEPOSIT_SETTLED", _debit(f"psp/{psp}/clearing", -net), _credit(f"bank/{bank}/client-money", -net)
        )
    return _recipe("DEPOSIT_SETTLED", _debit(f"bank/{bank}/client-money", net), _credit(f"psp/{psp}/clearing", net))


def refunded(*, held: str, psp: str, money: Money) -> Recipe:
    return _recipe("REFUND", _debit(held, money), _credit(f"psp/{psp}/clearing", money))


def refunded_by_provider(*, wallet: str, debt: str, psp: str, money: Money, available: Money) -> Recipe:
    """A refund that did not start with us: from the wallet as far as it goes, the rest is owed by the client."""
    taken = min(money, available)
    return _recipe("REFUND", _debit(wallet, taken), _debit(debt, money - taken), _credit(f"psp/{psp}/clearing", money))


def charged_back(*, wallet: str, debt: str, psp: str, money: Money, available: Money) -> Recipe:
    """A dispute took the money from us: from the wallet as far as it goes, the rest is owed by the client."""
    taken = min(money, available)
    return _recipe(
        "CHARGEBACK", _debit(wallet, taken), _debit(debt, money - taken), _credit(f"psp/{psp}/clearing", money)
    )


def chargeback_fee(*, psp: str, fee: Money) -> Recipe:
    return _recipe("CHARGEBACK_FEE", _debit("house/chargeback-fees", fee), _credit(f"psp/{psp}/clearing", fee))


def chargeback_won(*, wallet: str, debt: str, psp: str, money: Money, owed: Money) -> Recipe:
    """The dispute was won: first what the client still owes is repaid, the rest is his again."""
    repaid = min(money, owed)
    return _recipe(
        "CHARGEBACK_REVERSAL",
        _debit(f"psp/{psp}/clearing", money),
        _credit(debt, repaid),
        _credit(wallet, money - repaid),
    )


# --- transfers --------------------------------------------------------------------------------------------------------


def transferred(*, source: str, target: str, money: Money) -> Recipe:
    return _recipe("CLIENT_INTERNAL_TRANSFER", _debit(source, money), _credit(target, money))


# --- conversions -----------------------------------------------------------------------------------------------------


def converted(*, wallet: str, amounts: Amounts) -> Recipe:
    """The position takes what is sold and gives what is bought; the firm keeps its spread, rounding its residue."""
    return _recipe(
        "FX_CONVERSION",
        _debit(wallet, amounts.sell),
        _credit("house/fx", amounts.position_sell),
        _credit("house/rounding", amounts.residue_sell),
        _debit("house/fx", amounts.position_buy),
        _credit(wallet, amounts.buy),
        _credit("house/fx-spread", amounts.spread),
        _credit("house/rounding", amounts.residue_buy),
    )


# --- withdrawals ------------------------------------------------------------------------------------------------------


def withdrawal_paid(*, held: str, rail: str, net: Money) -> Recipe:
    """The provider confirmed; the statement line has not been seen yet."""
    return _recipe("WITHDRAWAL_PAYOUT", _debit(held, net), _credit(f"psp/{rail}/payout", net))


def withdrawal_fee(*, held: str, fee: Money) -> Recipe:
    return _recipe("WITHDRAWAL_FEE", _debit(held, fee), _credit("house/fees", fee))


def withdrawal_settled(*, rail: str, bank: str, net: Money) -> Recipe:
    """The payout stands on the bank statement."""
    return _recipe("WITHDRAWAL_SETTLED", _debit(f"psp/{rail}/payout", net), _credit(f"bank/{bank}/client-money", net))


def withdrawal_returned(*, bank: str, wallet: str, net: Money) -> Recipe:
    """A paid withdrawal came back and is the client's again."""
    return _recipe("WITHDRAWAL_RETURNED", _debit(f"bank/{bank}/client-money", net), _credit(wallet, net))


# --- trading results --------------------------------------------------------------------------------------------------


def trading_result(*, reason: str, trading: str, house: str, change: Money) -> Recipe:
    """One part of a platform deal: profit or loss, commission, swap, dividend, tax. `change` is the client's view."""
    if change.amount < 0:
        return _recipe(reason, _debit(trading, -change), _credit(house, -change))
    return _recipe(reason, _debit(house, change), _credit(trading, change))


# --- bank receipts ----------------------------------------------------------------------------------------------------


def receipt_unmatched(*, bank: str, money: Money, account: str = "client-money") -> Recipe:
    """Money arrived on one of our accounts at the bank ("client-money" or "own") and nobody knows whose it is."""
    return _recipe("BANK_RECEIPT_UNMATCHED", _debit(f"bank/{bank}/{account}", money), _credit("house/suspense", money))


def suspense_assigned(*, wallet: str, money: Money) -> Recipe:
    return _recipe("SUSPENSE_ASSIGNED", _debit("house/suspense", money), _credit(wallet, money))


def suspense_returned(*, bank: str, money: Money) -> Recipe:
    return _recipe("SUSPENSE_RETURNED", _debit("house/suspense", money), _credit(f"bank/{bank}/client-money", money))


# --- corrections ------------------------------------------------------------------------------------------------------


def adjusted(*, reason: str, debit: str, credit: str, money: Money) -> Recipe:
    return _recipe(reason, _debit(debit, money), _credit(credit, money))


def opened(*, account: str, opening: str, owed_to_others: bool, balance: Money) -> Recipe:
    """What an account held in the old system, against the equity of the cut-over. `owed_to_others`: its normal side is
    the credit; `balance` may be negative."""
    money, credited = abs(balance), (balance.amount > 0) == owed_to_others
    first, second = (opening, account) if credited else (account, opening)
    return _recipe("OPENING_BALANCE", _debit(first, money), _credit(second, money))


def difference(lines: Sequence[Line]) -> dict[str, Money]:
    """Credits minus debits per currency; all zero for a recipe that balances."""
    totals: dict[str, Money] = {}
    for line in lines:
        signed = line.money if line.side == "credit" else -line.money
        totals[line.money.currency] = totals.get(line.money.currency, Money.zero(line.money.currency)) + signed
    return totals
