"""Balance transactions of the simulated Stripe: every change of the merchant's balance, one line each.

`amount - fee = net`, signed from the merchant's side, and `net` is what a payout pays. A line belongs to no
payout, then to exactly one; it never changes its money.

Source: Stripe documentation, "BalanceTransaction object" and "Reporting categories".
"""

from payments.connectors.psp.stripe.simulated import currencies
from payments.connectors.psp.stripe.simulated.books import Book, Document


def unsettled(currency: str) -> str:
    """The link of all lines of a currency that no automatic payout has taken yet."""
    return f"unsettled:{currency}"


def write(
    book: Book, *, amount: int, fee: int, currency: str, source: str, type: str, category: str, text: str
) -> Document:
    detail = {"amount": fee, "currency": currency, "description": text, "type": "stripe_fee"}
    return book.new(
        "txn",
        link=unsettled(currency),
        amount=amount,
        available_on=book.now,
        currency=currency,
        description=text,
        exchange_rate=None,
        fee=fee,
        fee_details=[{**detail, "application": None}] if fee else [],
        net=amount - fee,
        reporting_category=category,
        source=source,
        status="available",
        type=type,
    )


def charge(book: Book, body: Document) -> Document:
    """The whole approved amount with its fee, also when less is captured; see `release`."""
    return write(
        book,
        amount=body["amount"],
        fee=currencies.fee(body["amount"]),
        currency=body["currency"],
        source=body["id"],
        type="charge",
        category="charge",
        text="Card payment",
    )


def release(book: Book, body: Document, remainder: int) -> None:
    """After a partial capture the remainder goes back as a refund of its own, with the fee on it: what
    stays is exactly the captured amount and the fee on that."""
    kept = currencies.fee(body["amount"] - remainder)
    refund = book.new(
        "re",
        link=body["id"],
        amount=remainder,
        charge=body["id"],
        currency=body["currency"],
        metadata={},
        payment_intent=body["payment_intent"],
        reason=None,
        status="succeeded",
    )
    line = write(
        book,
        amount=-remainder,
        fee=kept - currencies.fee(body["amount"]),
        currency=body["currency"],
        source=refund["id"],
        type="refund",
        category="partial_capture_reversal",
        text="Release of the amount not captured",
    )
    book.save({**refund, "balance_transaction": line["id"]})
    body["amount_refunded"] += remainder
    book.save(body)
