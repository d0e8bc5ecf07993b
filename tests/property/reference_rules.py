"""What the reference ledger was told about the world: reasons, kinds of account, the days of its calendar.

Nothing is imported from the product; a test compares these with the product's own catalogue.
"""

CASH = {"wallet", "trading"}
REASONS = {  # code: kinds it may debit, kinds it may credit (empty: any), whether it passes a freeze
    "MANUAL_ADJUSTMENT": (set(), set(), False),
    "CLIENT_INTERNAL_TRANSFER": (CASH, CASH, False),
    "CHARGEBACK": ({"wallet", "held", "debt"}, {"psp_clearing"}, True),
    "CHARGEBACK_REVERSAL": ({"psp_clearing"}, {"wallet", "debt"}, True),
    "FX_CONVERSION": ({"wallet", "fx"}, {"wallet", "fx", "income", "rounding"}, False),
    "WITHDRAWAL_PAYOUT": ({"held"}, {"psp_payout", "bank_client_money"}, True),
    "HOLD_PLACED": ({"wallet"}, {"held"}, False),
    "HOLD_RELEASED": ({"held"}, {"wallet"}, True),
}
NAMED = (("key", "idempotency_key_reused"), ("source", "duplicate_reference"))
LIVE = {"wallet", "held", "trading", "debt"}  # kinds that keep a balance and a version; the others are never locked
OPEN = {"pending", "active", "partly_captured"}

# Time counts half days: day 0 begins at 0 and has its noon at 1. Days 0 and 1 are the last of their month.
NOW = 10**6
MONTH_ENDS = 4
NOT_OVER = 9999  # the number of a day to come


class Refused(Exception):
    """Why, by its public code."""
