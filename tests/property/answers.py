"""A history in which every answer is given that there is, the rare ones included.

Each step says what is done and how often which answer must be counted for it.
"""

from collections import Counter
from fractions import Fraction

from tests.property.chart import ADA, BANK, BEN, DOLLAR, PAYOUT, STATUS, TRADING
from tests.property.reference_rules import NOW


def ends_of_reservations(both):
    """Four reservations: posted in parts, voided, run out by the clock, ended by a status."""
    yield "accepted", lambda: both.reserve_with_fee(60, 2, 1)  # the first reservation
    yield "not_divisible", lambda: both.resolve(0, 50, None, "post")
    yield "accepted", lambda: both.resolve(0, 31, None, "post")
    yield "unbalanced", lambda: both.post_entries(0, 0, 1, 1, None)
    yield "accepted", lambda: both.post_entries(0, 0, 1, 0, None)
    yield "over_post", lambda: both.post_entries(0, 0, 50, 0, None)
    yield "over_post", lambda: both.resolve(0, 31, None, "post")
    yield "currency_mismatch", lambda: both.resolve(0, 1, None, "post", None, "USD")
    yield "nothing_posted", lambda: both.reverse_one(min(both.reserved()), None)
    yield "accepted", lambda: both.extend(0, 2)
    yield "not_later", lambda: both.extend(0, 1)
    yield "accepted", lambda: both.resolve(0, None, None, "post")
    yield "already_posted", lambda: both.resolve(0, None, None, "post")
    yield "void_after_post", lambda: both.resolve(0, None, None, "void")
    yield "accepted", lambda: both.reserve(200, None, ADA, None, (STATUS,))  # the second
    yield "never_expires", lambda: both.extend(1, 2)
    yield "not_due", lambda: both.resolve(1, None, None, "expire")
    yield "status_not_declared", lambda: both.resolve(1, None, None, "expire", "mt5.filled")
    yield "accepted", lambda: both.resolve(1, None, None, "expire", STATUS)
    yield "accepted", lambda: both.reserve(200, None, ADA, 1)  # the third
    yield "unchanged", lambda: both.time_is_up(0)
    yield "expired", lambda: both.resolve(2, None, None, "post")
    yield "accepted", lambda: both.resolve(2, None, None, "expire")
    yield "expired", lambda: both.resolve(2, None, None, "void")
    yield "accepted", lambda: both.reserve(50, None, ADA)  # the fourth
    yield "accepted", lambda: both.resolve(3, None, None, "void")
    yield "already_voided", lambda: both.resolve(3, None, None, "void")
    yield "post_after_void", lambda: both.resolve(3, None, None, "post")
    yield "nothing", both.expire_reservations
    yield "accepted", lambda: both.reserve(50, None, TRADING, 1)  # the fifth
    yield "accepted", lambda: both.resolve(4, 20, None, "post")
    yield "unchanged", lambda: both.time_is_up(0)
    yield "accepted", both.expire_reservations


def ends_of_holds(both):
    yield "accepted", lambda: both.place(100, None)
    yield "accepted", lambda: both.release(0, 50, None)
    yield "over_release", lambda: both.release(0, 100, None)
    yield "over_capture", lambda: both.capture(0, 100, None, PAYOUT)
    yield "accepted", lambda: both.capture(0, None, None, PAYOUT)
    yield "already_captured", lambda: both.capture(0, None, None, PAYOUT)
    yield "release_after_capture", lambda: both.release(0, None, None)
    yield "accepted", lambda: both.place(100, None)
    yield "accepted", lambda: both.release(1, None, None)
    yield "already_released", lambda: both.release(1, None, None)
    yield "capture_after_release", lambda: both.capture(1, 50, None, PAYOUT)
    yield "moves_hold", lambda: both.reverse_one(max(both.ids), None)
    yield "moves_hold", lambda: both.reverse_rest(max(both.ids))
    yield "moves_hold", lambda: both.reverse_by_hand(max(both.ids), tuple(both.model.transactions[max(both.ids)].legs))
    yield "already_captured", lambda: both.extend_hold(0, 1)
    yield "accepted", lambda: both.place(50, None, 1)
    yield "accepted", lambda: both.capture(2, 20, None, PAYOUT)
    yield "accepted", lambda: both.extend_hold(2, 2)
    yield "not_later", lambda: both.extend_hold(2, 1)
    yield "accepted", lambda: both.capture(2, 10, None, PAYOUT)
    yield "accepted", lambda: both.place(40, None, 1)
    yield "accepted", lambda: both.capture(3, 15, None, PAYOUT)
    yield "unchanged", lambda: both.time_of_a_hold_is_up(1)
    yield "expired", lambda: both.capture(3, 1, None, PAYOUT)
    yield "expired", lambda: both.extend_hold(3, 3)
    yield "accepted", both.expire_holds
    yield "expired", lambda: both.release(3, None, None)


def reversals_by_entries(both):
    """Three entries, taken back one by one and the wrong way round, until nothing is left."""
    to_ben, to_trading = ((ADA, -50), (BEN, 50)), ((ADA, -20), (TRADING, 20))
    yield "accepted", lambda: both.post("MANUAL_ADJUSTMENT", [(ADA, -70), to_ben[1], to_trading[1]], "k2", None, False)
    made = max(both.ids)
    yield "accepted", lambda: both.reverse_chosen(made, to_trading, "k3")
    yield "replayed", lambda: both.reverse_chosen(made, to_trading, "k3")
    yield "replayed", lambda: both.reverse_by_hand(made, to_trading, "k3")
    yield "idempotency_key_reused", lambda: both.reverse_rest(made, "k3")
    yield "over_reversal", lambda: both.reverse_chosen(made, to_trading)
    yield "over_reversal", lambda: both.reverse_by_hand(made, ((ADA, -51), (BEN, 51)))
    yield "over_reversal", lambda: both.reverse_chosen(made, ((ADA, -1), (BANK, 1)))
    yield "not_in_original", lambda: both.reverse_by_hand(made, ((ADA, -1), (BANK, 1)))
    yield "over_reversal", lambda: both.reverse_chosen(made, ((BEN, -1), (ADA, 1)))
    yield "entries_mirrored", lambda: both.reverse_by_hand(made, ((BEN, -1), (ADA, 1)))
    yield "unbalanced", lambda: both.reverse_chosen(made, ((ADA, -2), (BEN, 1)))
    yield "over_reversal", lambda: both.reverse_one(made, None)
    yield "accepted", lambda: both.reverse_chosen(made, ((ADA, -30), (BEN, 30)))
    yield "accepted", lambda: both.reverse_rest(made, "k4")
    yield "reversal_of_reversal", lambda: both.reverse_rest(max(both.ids))
    yield "already_reversed", lambda: both.reverse_rest(made)
    yield "already_reversed", lambda: both.reverse_by_hand(made)
    yield "over_reversal", lambda: both.reverse_one(made, None)
    yield "replayed", lambda: both.reverse_rest(made, "k4")
    yield "accepted", lambda: both.post("CLIENT_INTERNAL_TRANSFER", [(ADA, -7), (BEN, 7)], None, None, False)
    yield "accepted", lambda: both.reverse_rest(max(both.ids))


def conversions(both):
    """Sold exactly and bought exactly, both with a cent that rounding leaves over; undone in parts."""
    price = Fraction("1.0852")
    yield "accepted", lambda: both.convert("sell", 333, ("EUR", "USD"), price, 50)
    yield "accepted", lambda: both.reverse_one(max(both.ids), None, 100, "USD")
    yield "over_reversal", lambda: both.reverse_one(max(both.ids) - 1, None, 1000, "USD")
    yield "accepted", lambda: both.convert("buy", 333, ("USD", "EUR"), 1 / price, 125, "fx")
    yield "replayed", lambda: both.convert("buy", 333, ("USD", "EUR"), 1 / price, 125, "fx")
    yield "invalid_request", lambda: both.convert("sell", 1, ("EUR", "USD"), Fraction(1, 3), 0)
    yield "insufficient_available", lambda: both.convert("sell", 300_000, ("EUR", "USD"), price, 50)
    yield "accepted", lambda: both.convert("sell", 100, ("USD", "EUR"), 1 / price, 0, pending=True)
    yield "not_divisible", lambda: both.resolve(5, 1, None, "post")
    yield "accepted", lambda: both.resolve(5, None, None, "post")


def draft(payer, payee, amount, **words):
    plain = {"reason": "MANUAL_ADJUSTMENT", "key": None, "source": None, "pending": False, "conditions": []}
    return plain | {"legs": [(payer, -amount), (payee, amount)], "chain": None} | words


def conditions_and_chains(both):
    yield "condition_not_met", lambda: both.post_if([(ADA, -1), (BEN, 1)], [(ADA, "available", 1)])
    yield "version_conflict", lambda: both.post_if([(ADA, -1), (BEN, 1)], [(BEN, "version", 1)])
    yield "invalid_request", lambda: both.post_if([(ADA, -1), (BEN, 1)], [(BANK, "available", 0)])
    yield "accepted", lambda: both.post_if([(ADA, -1), (BEN, 1)], [(ADA, "available", 0), (BEN, "version", 0)], "if")
    chain = [
        draft(BANK, ADA, 5, chain="c"),
        draft(ADA, BEN, 5, chain="c", pending=True, end=1),
        draft(BEN, ADA, 1, chain="d"),
    ]
    yield {"accepted": 3}, lambda: both.batch("post_each", chain)
    late = [draft(BANK, ADA, 5, chain="c"), draft(BANK, ADA, 5, chain="c", conditions=[(ADA, "version", -1)])]
    yield {"chain_broken": 1, "version_conflict": 1}, lambda: both.batch("post_each", late)
    yield "chain_broken", lambda: both.batch("post_batch", late)
    apart = [draft(BANK, ADA, 5, chain="c"), draft(BANK, ADA, 6), *[draft(BANK, ADA, 7, chain="c")] * 2]
    wrong = {"accepted": 2, "invalid_request": 1, "chain_broken": 1}
    yield wrong, lambda: both.batch("post_each", apart, apart=True)


def closed_days(both):
    """Two days of February and one of March; what comes late lands in the first open day, and points back."""
    transfer, small = "CLIENT_INTERNAL_TRANSFER", [(ADA, -1), (BEN, 1)]
    yield "accepted", lambda: both.post(transfer, small, "early", None, False, at=1)
    yield "accepted", lambda: both.reserve(50, None, TRADING, None, (), 1)
    yield "invalid_transition", both.close_month
    yield "invalid_transition", lambda: both.close_day("not over", 0)
    yield "accepted", lambda: both.close_day("any", 0)
    yield "invalid_transition", lambda: both.close_day("any", 0)
    yield "invalid_transition", lambda: both.close_day("any", 2)
    yield "period_closed", lambda: both.post(transfer, small, None, None, False, at=1)
    yield "replayed", lambda: both.post(transfer, small, "early", None, False, at=1)
    yield "period_closed", lambda: both.resolve(len(both.reserved()) - 1, None, None, "void", at=1)
    yield "accepted", lambda: both.resolve(len(both.reserved()) - 1, 10, None, "post", at=1, lands=True)
    yield "period_closed", lambda: both.reverse_one(both.model.names["key", "early"], None, None, "EUR", 1)
    yield "period_closed", lambda: both.reverse_chosen(both.model.names["key", "early"], tuple(small), None, 1)
    yield "period_closed", lambda: both.reverse_rest(both.model.names["key", "early"], None, 1)
    yield "accepted", lambda: both.reverse_one(both.model.names["key", "early"], None, None, "EUR", 1, True)
    yield "period_closed", lambda: both.convert("sell", 100, ("EUR", "USD"), Fraction(2), 0, at=1)
    broken = [draft(BANK, ADA, 1, chain="c"), draft(BANK, ADA, 1, chain="c", at=1)]
    yield {"chain_broken": 1, "period_closed": 1}, lambda: both.batch("post_each", broken)
    yield "accepted", lambda: both.batch("post_each", [draft(BANK, ADA, 1, at=1, lands=True)])
    yield "accepted", lambda: both.close_day("next", 0)
    yield "accepted", both.close_month
    yield "invalid_transition", both.close_month
    for at in (0, 1, 2, 3, 4, NOW):
        for back in (0, 3, 9):
            yield "unchanged", lambda at=at, back=back: both.look_back(ADA, at, back)
            yield "unchanged", lambda at=at, back=back: both.look_back(DOLLAR, at, back)


def every_answer(both):
    """A short history for each answer there is, the rare ones included."""
    transfer, debt = "CLIENT_INTERNAL_TRANSFER", "client/ada/debt EUR"
    yield "accepted", lambda: both.post(transfer, [(ADA, -100), (BEN, 100)], "k1", "s1", False)
    yield "replayed", lambda: both.again(0)
    yield "idempotency_key_reused", lambda: both.post(transfer, [(ADA, -50), (BEN, 50)], "k1", None, False)
    yield "duplicate_reference", lambda: both.post(transfer, [(ADA, -50), (BEN, 50)], None, "s1", False)
    yield "insufficient_available", lambda: both.post(transfer, [(ADA, -3000), (BEN, 3000)], None, None, False)
    yield "unbalanced", lambda: both.post(transfer, [(ADA, -101), (BEN, 100)], None, None, False)
    yield "invalid_request", lambda: both.post(transfer, [(ADA, -1), ("house/fx EUR", 1)], None, None, False)
    yield "invalid_transition", lambda: both.status(BEN, "closed", 0)
    yield from ends_of_reservations(both)
    yield "accepted", lambda: both.reverse_one(4, None, 33)
    yield "over_reversal", lambda: both.reverse_one(4, None)
    yield "over_reversal", lambda: both.reverse_one(4, None, 100)
    yield "accepted", lambda: both.reverse_one(4, None, 50)
    yield "reversal_of_reversal", lambda: both.reverse_one(max(both.ids), None)
    yield from reversals_by_entries(both)
    yield from ends_of_holds(both)
    yield from conversions(both)
    yield from conditions_and_chains(both)
    yield from closed_days(both)
    yield "accepted", lambda: both.status(ADA, "frozen", 0)
    yield "account_frozen", lambda: both.post(transfer, [(ADA, -1), (BEN, 1)], None, None, False)
    yield "accepted", lambda: both.status(debt, "closed", 0)
    yield "account_closed", lambda: both.post("MANUAL_ADJUSTMENT", [(debt, -1), (BEN, 1)], None, None, False)


def played(both):
    """Play `every_answer` to its end, step by step. Raises AssertionError where the two ledgers differ."""
    both.open_books()
    try:
        for number, (answer, step) in enumerate(every_answer(both)):
            before = Counter(both.seen)
            step()
            expected = answer if isinstance(answer, dict) else {answer: 1}
            assert both.seen - before == ({} if answer == "unchanged" else expected), number
            both.same_figures()
            both.same_states()
    finally:
        both.teardown()
