"""What somebody with every right could alter in the kept book, as data; here those of reservations, ends and parts."""

from dataclasses import dataclass

WALLET = "(SELECT id FROM ledger_account WHERE code = 'client/cl_ada/wallet' AND currency = 'EUR')"
BEN = "(SELECT id FROM ledger_account WHERE code = 'client/cl_ben/wallet' AND currency = 'EUR')"
BANK = "(SELECT id FROM ledger_account WHERE code = 'bank/sepa/client-money' AND currency = 'EUR')"
LAST = f"(SELECT max(seq) FROM ledger_entry WHERE account_id = {WALLET})"


@dataclass
class Alteration:
    """`sql` may name what the book made as %(name)s; `check` must name the row `row`."""

    what: str
    sql: str
    check: str
    row: str

    def __str__(self) -> str:
        return self.what


TWO_PHASE = [
    Alteration(
        "an expired reservation called void",
        "UPDATE ledger_pending SET state = 'voided' WHERE transaction_id = %(rejected)s",
        "pendings",
        "rejected",
    ),
    Alteration(
        "the status on which a reservation ended",
        "UPDATE ledger_pending SET expires_on = '{mt5.filled}' WHERE transaction_id = %(rejected)s",
        "expiries",
        "rejected_expiry",
    ),
    Alteration(
        "a reservation posted after its end",
        "UPDATE ledger_pending SET expires_at = '2001-01-01' WHERE transaction_id = %(posted)s",
        "expiries",
        "posted_post",
    ),
    Alteration(
        "the end of a reservation that was given more time",
        "UPDATE ledger_pending SET expires_at = '2500-01-01' WHERE transaction_id = %(extended)s",
        "extensions",
        "extended",
    ),
    Alteration(
        "the end of a hold that was given more time",
        "UPDATE ledger_hold SET expires_at = NULL WHERE id = %(hold_extended)s",
        "extensions",
        "hold hold_extended",
    ),
    Alteration(
        "more released from one account than it had reserved",
        f"""UPDATE ledger_entry SET account_id = {BEN}, seq = -seq
             WHERE transaction_id = %(posted_post)s AND leg IN (1, 3)""",
        "resolutions",
        "posted",
    ),
    Alteration(
        "a reversal of a reversal",
        "UPDATE ledger_transaction SET reverses_id = %(reversal)s WHERE id = %(half_reversal)s",
        "reversals",
        "half_reversal",
    ),
    Alteration(
        "a part reversed turned into more than all",
        "UPDATE ledger_entry SET amount = amount * 3 WHERE transaction_id = %(half_reversal)s",
        "reversals",
        "half_wrong",
    ),
    Alteration(
        "what was given back of an open hold",
        "UPDATE ledger_hold SET released = 0 WHERE id = %(hold_extended)s",
        "holds",
        "hold hold_extended",
    ),
]
