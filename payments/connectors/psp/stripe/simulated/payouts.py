"""Payouts of the simulated Stripe: the balance goes to the merchant's bank account.

An automatic payout takes every line of a currency that no payout has taken and pays their sum; its lines can
be listed. A manual payout is a sum someone asked for; Stripe cannot say which lines are in it, and neither
can we.

Source: Stripe documentation, "Payouts" and "Payout object".
"""

import json
from typing import Any

from payments.connectors.psp.stripe.simulated import currencies, forms, ledger_lines
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.psp.stripe.simulated.events import emit


def create_manual(book: Book, params: dict[str, Any]) -> Document:
    """POST /v1/payouts. Raises ApiError balance_insufficient when the available balance is smaller."""
    forms.only(params, "amount currency metadata description statement_descriptor method")
    amount, currency = forms.integer(params, "amount"), forms.required(params, "currency").lower()
    if currency not in currencies.DECIMALS:
        raise ApiError(f"Invalid currency: {currency[:10]}.", param="currency")
    lines = book.find("balance_transaction", link=ledger_lines.unsettled(currency))
    if sum(line["net"] for line in lines) < amount:
        raise ApiError(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
            executed=True,
        )
    return _pay(book, amount, currency, automatic=False)


def settle(book: Book, *, currency: str | None = None) -> list[Document]:
    """One automatic payout per currency with something to pay; a balance at or below zero waits."""
    paid = []
    for each in [currency] if currency else sorted(currencies.DECIMALS):
        lines = book.find("balance_transaction", link=ledger_lines.unsettled(each))
        net = sum(line["net"] for line in lines)
        if net <= 0:
            continue
        payout = _pay(book, net, each, automatic=True)
        for line in [*lines, book.get("balance_transaction", payout["balance_transaction"])]:
            book.relink(line, payout["id"])
        paid.append(payout)
    return paid


def fail(book: Book, payout_id: str, *, code: str = "account_closed") -> Document:
    """The bank sent the money back: it is in the balance again. May come after `paid`."""
    payout = book.get("payout", payout_id)
    if payout["status"] not in ("pending", "in_transit", "paid"):
        raise ApiError(f"This payout is already {payout['status']}.")
    line = ledger_lines.write(
        book,
        amount=payout["amount"],
        fee=0,
        currency=payout["currency"],
        source=payout["id"],
        type="payout_failure",
        category="payout_reversal",
        text="PAYOUT FAILURE",
    )
    payout |= {"status": "failed", "failure_code": code, "failure_balance_transaction": line["id"]}
    payout["failure_message"] = "The bank account could not take the payout."
    emit(book, "payout.failed", book.save(payout))
    return payout


def _pay(book: Book, amount: int, currency: str, *, automatic: bool) -> Document:
    payout = _new(book, amount, currency, automatic=automatic)
    line = ledger_lines.write(
        book,
        amount=-amount,
        fee=0,
        currency=currency,
        source=payout["id"],
        type="payout",
        category="payout",
        text="STRIPE PAYOUT",
    )
    payout["balance_transaction"] = line["id"]
    emit(book, "payout.created", book.save(payout))
    payout["status"] = "paid"
    emit(book, "payout.paid", book.save(payout))
    _tell_bank(book, payout)
    return payout


def _new(book: Book, amount: int, currency: str, *, automatic: bool) -> Document:
    return book.new(
        "po",
        amount=amount,
        arrival_date=book.now,
        automatic=automatic,
        balance_transaction=None,
        currency=currency,
        description="STRIPE PAYOUT",
        destination="ba_simulated",
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        metadata={},
        method="standard",
        reconciliation_status="completed" if automatic else "not_applicable",
        source_type="card",
        statement_descriptor=None,
        status="pending",
        type="bank_account",
    )


def _tell_bank(book: Book, payout: Document) -> None:
    """Queue the credit for the bank simulator, in the same commit as the payout; see
    `clockwork.post_credits`."""
    credit = {
        "amount": currencies.plain(payout["amount"], payout["currency"]),
        "currency": payout["currency"].upper(),
        "remittance": f"STRIPE {payout['id']}",
        "name": "STRIPE PAYMENTS",
        "reference": payout["id"],
    }
    book.db.execute(
        "insert into credits (payout, body, due) values (?, ?, ?)",
        (payout["id"], json.dumps(credit), book.moment),
    )
