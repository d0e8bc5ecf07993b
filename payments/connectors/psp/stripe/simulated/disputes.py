"""Disputes of the simulated Stripe: the card holder's bank takes the money back, and perhaps returns it.

Opening a real dispute withdraws the amount and a fee at once; an inquiry moves nothing. Winning returns the
amount, and the fee with it unless told otherwise (Stripe's practice differs by country).

Source: Stripe documentation, "How disputes work" and "Dispute object".
"""

from payments.connectors.psp.stripe.simulated import currencies, ledger_lines
from payments.connectors.psp.stripe.simulated.books import Book, Document
from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.psp.stripe.simulated.events import emit

SECONDS_TO_ANSWER = 7 * 86_400


def open_on(
    book: Book,
    charge: Document,
    *,
    reason: str = "fraudulent",
    amount: int | None = None,
    inquiry: bool = False,
) -> Document:
    """Open a dispute on a captured charge; `amount` (smallest unit) defaults to what is left of it."""
    taken = _disputable(charge, amount)
    dispute = book.new(
        "dp",
        link=charge["id"],
        amount=taken,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        evidence_details={"due_by": book.now + SECONDS_TO_ANSWER, "has_evidence": False, "past_due": False},
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    if inquiry:
        emit(book, "charge.dispute.created", dispute)
        return dispute
    charge |= {"disputed": True, "dispute": dispute["id"]}
    book.save(charge)
    _move(book, dispute, sign=-1, fee=currencies.dispute_fee(charge["currency"]))
    emit(book, "charge.dispute.created", dispute)
    emit(book, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(book: Book, dispute_id: str, *, outcome: str, return_fee: bool = True) -> Document:
    """The bank decides. `won` gives the money back; `lost` only says so."""
    dispute = book.get("dispute", dispute_id)
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise ApiError(f"This dispute is already {dispute['status']}.")
    if outcome not in ("won", "lost"):
        raise ApiError("The outcome must be won or lost.", param="outcome")
    if dispute["status"].startswith("warning_"):
        dispute["status"] = "warning_closed"
    else:
        dispute["status"] = outcome
        if outcome == "won":
            taken = currencies.dispute_fee(dispute["currency"])
            _move(book, dispute, sign=1, fee=-taken if return_fee else 0)
            emit(book, "charge.dispute.funds_reinstated", dispute)
    emit(book, "charge.dispute.closed", book.save(dispute))
    return dispute


def _disputable(charge: Document, amount: int | None) -> int:
    """The amount in dispute. Raises ApiError when the charge cannot be disputed, or not by that much."""
    if not charge["captured"] or charge["disputed"]:
        raise ApiError("This charge cannot be disputed.", code="charge_not_disputable")
    left = charge["amount"] - charge["amount_refunded"]
    taken = left if amount is None else amount
    if not isinstance(taken, int) or not 0 < taken <= left:
        raise ApiError("The disputed amount is more than what is left of the charge.", param="amount")
    return taken


def _move(book: Book, dispute: Document, *, sign: int, fee: int) -> None:
    withdrawn = sign < 0
    line = ledger_lines.write(
        book,
        amount=sign * dispute["amount"],
        fee=fee,
        currency=dispute["currency"],
        source=dispute["id"],
        type="adjustment",
        category="dispute" if withdrawn else "dispute_reversal",
        text="Chargeback withdrawal" if withdrawn else "Chargeback reversal",
    )
    dispute["balance_transactions"].append(line)
    book.save(dispute)
