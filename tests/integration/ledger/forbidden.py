"""More that somebody with every right could alter: what guards refuse, and rows that belong nowhere."""

from tests.integration.ledger.alterations import BANK, LAST, WALLET, Alteration

FORBIDDEN = [
    Alteration(
        "the amounts of a transaction, now nothing",
        "UPDATE ledger_entry SET amount = 0 WHERE transaction_id = %(receipt)s",
        "entry_accounts",
        "receipt/2",
    ),
    Alteration(
        "the amounts of a transaction between house accounts, now nothing",
        "UPDATE ledger_entry SET amount = 0 WHERE transaction_id = %(conversion)s AND seq IS NULL",
        "entry_accounts",
        "conversion/2",
    ),
    Alteration(
        "a layer that there is not",
        "UPDATE ledger_entry SET layer = 7 WHERE transaction_id = %(receipt)s",
        "entry_accounts",
        "receipt/1",
    ),
    Alteration(
        "a negative layer",
        "UPDATE ledger_entry SET layer = -2 WHERE transaction_id = %(posted_post)s AND layer = 2",
        "headers",
        "posted_post/1",
    ),
    *(
        Alteration(
            f"{column} of one entry, now missing",
            f"UPDATE ledger_entry SET {column} = NULL WHERE transaction_id = %(transfer)s AND leg = 1",
            "entry_accounts",
            "transfer/1",
        )
        for column in ("seq", "balance_after", "pending_in_after", "pending_out_after")
    ),
    Alteration(
        "all running figures of the last entry of an account",
        f"""UPDATE ledger_entry SET seq = NULL, balance_after = NULL, pending_in_after = NULL, pending_out_after = NULL,
                                   backdated = false WHERE account_id = {WALLET} AND seq = {LAST}""",
        "entry_accounts",
        "after_checkpoint/2",
    ),
    Alteration(
        "a running figure of a house entry",
        "UPDATE ledger_entry SET balance_after = 5 WHERE transaction_id = %(receipt)s AND leg = 1",
        "entry_accounts",
        "receipt/1",
    ),
    Alteration(
        "the account of a house entry, now one that there is not",
        "UPDATE ledger_entry SET account_id = 99999999999 WHERE transaction_id = %(receipt)s AND leg = 1",
        "entry_accounts",
        "receipt/1",
    ),
    Alteration(
        "the account of a running entry, now one that there is not",
        "UPDATE ledger_entry SET account_id = 99999999999 WHERE transaction_id = %(receipt)s AND leg = 2",
        "entry_accounts",
        "receipt/2",
    ),
    Alteration(
        "the currency of both entries",
        "UPDATE ledger_entry SET currency = 'USD' WHERE transaction_id = %(receipt)s",
        "entry_accounts",
        "receipt/1",
    ),
    Alteration(
        "the decimals of two house entries",
        "UPDATE ledger_entry SET amount = amount + sign(amount) * 0.00001"
        " WHERE transaction_id = %(conversion)s AND seq IS NULL",
        "entry_accounts",
        "conversion/2",
    ),
    Alteration(
        "what a transaction resolves, now nothing",
        "UPDATE ledger_transaction SET pending_id = NULL WHERE id = %(posted_post)s",
        "headers",
        "posted_post/1",
    ),
    Alteration(
        "a hold that is moved, now none that there is",
        "UPDATE ledger_transaction SET moves_hold_id = gen_random_uuid() WHERE id = %(receipt)s",
        "hold_rows",
        "receipt",
    ),
    Alteration(
        "a sequence number used twice",
        f"""DROP INDEX ledger_entry_seq;
            UPDATE ledger_entry SET seq = seq - 1 WHERE account_id = {WALLET} AND seq = {LAST}""",
        "chain",
        "after_checkpoint/2",
    ),
    Alteration(
        "the hours of a checkpoint",
        "UPDATE ledger_checkpoint_hour SET balance = balance + 1, hour = hour + interval '1 hour'"
        f" WHERE account_id = {BANK}",
        "checkpoint_hours",
        "checkpoint",
    ),
    Alteration(
        "what a checkpoint holds last",
        f"UPDATE ledger_checkpoint SET recorded_high = recorded_high + interval '1 second' WHERE account_id = {BANK}",
        "checkpoint_hours",
        "checkpoint",
    ),
    Alteration(
        "a house entry's hour",
        f"""UPDATE ledger_entry SET effective_at = effective_at - interval '1 day'
             WHERE account_id = {BANK} AND transaction_id = %(receipt)s""",
        "checkpoint_hours",
        "checkpoint",
    ),
    *(
        Alteration(
            f"an entry added {where}",
            f"""INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, seq,
                   balance_after, pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid)
               SELECT {transaction}, leg + {leg}, {account}, currency, amount, layer, {seq}, balance_after,
                      pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid
                 FROM ledger_entry WHERE transaction_id = %(receipt)s AND leg = 2""",
            check,
            row,
        )
        for where, transaction, leg, account, seq, check, row in (
            ("to no transaction, out of line", "gen_random_uuid()", 0, "account_id", "seq + 500", "headers", ""),
            ("to no transaction and no account", "gen_random_uuid()", 0, "99999999999", "seq", "headers", ""),
            ("to a transaction, out of line", "transaction_id", 1, "account_id", "seq + 500", "whole", "receipt"),
            ("to a transaction and no account", "transaction_id", 1, "99999999999", "seq", "whole", "receipt"),
            ("to a transaction as leg 0", "transaction_id", -2, "account_id", "-seq", "whole", "receipt"),
            ("beside a line", "transaction_id", 1, "account_id", "NULL", "entry_accounts", ""),
        )
    ),
]
