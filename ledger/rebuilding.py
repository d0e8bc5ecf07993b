"""Writing the projections anew from the entries: balance rows, reservations, holds, and kept sums of the past.

For the day when `verify_ledger` finds one of them wrong. Needs the rights of the tables' owner. Entries and
transactions are never touched: where they themselves are damaged, nothing here can help.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from ledger.checks import CHECKS


@dataclass(frozen=True)
class Change:
    """One row that was (or, in a dry run, would be) written: the table's noun, the row's key, before and after."""

    object: str
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.object} {self.key}: {self.before} → {self.after}"


_SUMS = """
    SELECT a.id AS account_id, a.floor, count(e.id) AS seq, max(e.effective_at) AS effective_high,
           max(e.recorded_at) AS recorded_high,
           coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer = 0), 0) AS balance,
           coalesce(sum(e.amount * a.sign) FILTER (
               WHERE e.layer <> 0 AND (e.layer = 1) = (e.amount * a.sign > 0)), 0) AS pending_in,
           coalesce(-sum(e.amount * a.sign) FILTER (
               WHERE e.layer <> 0 AND (e.layer = 1) <> (e.amount * a.sign > 0)), 0) AS pending_out
      FROM ledger_account a LEFT JOIN ledger_entry e ON e.account_id = a.id
     WHERE a.running GROUP BY a.id
"""
_MISSING_BALANCES = f"""
    INSERT INTO ledger_balance (account_id, balance, pending_in, pending_out, floor, seq, effective_high, recorded_high)
    SELECT s.account_id, s.balance, s.pending_in, s.pending_out, s.floor, s.seq, s.effective_high, s.recorded_high
      FROM ({_SUMS}) s WHERE NOT EXISTS (SELECT 1 FROM ledger_balance b WHERE b.account_id = s.account_id)
    RETURNING 'balance', account_id::text, 'no row', row(balance, pending_in, pending_out, seq)::text
"""  # noqa: S608 (constants)
_BALANCES = f"""
    UPDATE ledger_balance b
       SET balance = s.balance, pending_in = s.pending_in, pending_out = s.pending_out, floor = s.floor, seq = s.seq,
           effective_high = s.effective_high, recorded_high = s.recorded_high
      FROM ({_SUMS}) s, ledger_balance o
     WHERE s.account_id = b.account_id AND o.account_id = b.account_id
       AND (o.balance, o.pending_in, o.pending_out, o.floor, o.seq, o.effective_high, o.recorded_high) IS DISTINCT FROM
           (s.balance, s.pending_in, s.pending_out, s.floor, s.seq, s.effective_high, s.recorded_high)
    RETURNING 'balance', b.account_id::text, row(o.balance, o.pending_in, o.pending_out, o.seq)::text,
              row(b.balance, b.pending_in, b.pending_out, b.seq)::text
"""  # noqa: S608 (constants)
_PENDINGS = """
    UPDATE ledger_pending p SET amount = d.amount, remaining = d.remaining, state = d.state
      FROM (SELECT o.transaction_id, o.amount AS old_amount, o.remaining AS old_remaining, o.state AS old_state,
                   r.amount, r.amount - coalesce(x.amount, 0) AS remaining,
                   CASE WHEN r.amount > coalesce(x.amount, 0) THEN 'pending' WHEN x.expired THEN 'expired'
                        WHEN x.voided THEN 'voided' ELSE 'posted' END AS state
              FROM ledger_pending o
              JOIN (SELECT transaction_id, sum(amount) AS amount FROM ledger_entry
                     WHERE layer = 1 AND amount > 0 GROUP BY 1) r ON r.transaction_id = o.transaction_id
              LEFT JOIN (SELECT t.pending_id, sum(e.amount) AS amount, bool_or(t.phase = 'void') AS voided,
                                bool_or(t.phase = 'expire') AS expired
                           FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
                          WHERE e.layer = 2 AND e.amount > 0 GROUP BY 1) x ON x.pending_id = o.transaction_id) d
     WHERE d.transaction_id = p.transaction_id
       AND (d.old_amount, d.old_remaining, d.old_state) IS DISTINCT FROM (d.amount, d.remaining, d.state)
    RETURNING 'reservation', p.transaction_id::text, row(d.old_remaining, d.old_amount, d.old_state)::text,
              row(p.remaining, p.amount, p.state)::text
"""
_HOLDS = """
    UPDATE ledger_hold h SET amount = d.placed, captured = d.captured, released = d.released, state = d.state,
                             ended_at = CASE WHEN d.state NOT IN ('active', 'partly_captured') THEN d.last END
      FROM (SELECT m.*, CASE WHEN m.captured + m.released = m.placed THEN m.ended
                             WHEN m.captured > 0 THEN 'partly_captured' ELSE 'active' END AS state
              FROM (SELECT o.id, o.amount AS old_amount, o.captured AS old_captured, o.released AS old_released,
                           o.state AS old_state, max(t.recorded_at) AS last,
                           coalesce(sum(e.amount) FILTER (WHERE t.id = o.placed_by_id), 0) AS placed,
                           coalesce(-sum(e.amount) FILTER (WHERE t.reason = 'HOLD_RELEASED'), 0) AS released,
                           coalesce(-sum(e.amount) FILTER (
                               WHERE t.id <> o.placed_by_id AND t.reason <> 'HOLD_RELEASED'), 0) AS captured,
                           (array_agg(CASE WHEN (t.source_system, t.source_kind) = ('ledger', 'hold_expiry')
                                           THEN 'expired' WHEN t.reason = 'HOLD_RELEASED' THEN 'released'
                                           ELSE 'captured' END ORDER BY e.seq DESC))[1] AS ended
                      FROM ledger_hold o JOIN ledger_transaction t ON t.moves_hold_id = o.id
                      JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = o.held_account_id
                     GROUP BY o.id) m) d
     WHERE d.id = h.id AND (d.old_amount, d.old_captured, d.old_released, d.old_state)
                           IS DISTINCT FROM (d.placed, d.captured, d.released, d.state)
    RETURNING 'hold', h.id::text, row(d.old_amount, d.old_captured, d.old_released, d.old_state)::text,
              row(h.amount, h.captured, h.released, h.state)::text
"""


def _findings(name: str) -> str:
    """The query of a check, over everything."""
    return next(check for check in CHECKS if check.name == name).query(0)


# A wrong checkpoint misleads every later one of its account: all from the first wrong one go, the schedule takes new.
_CHECKPOINTS = f"""
    DELETE FROM ledger_checkpoint c USING (
        SELECT x.account_id, min(x.horizon) AS horizon
          FROM ledger_checkpoint x
          LEFT JOIN (SELECT account_id, horizon, sum(balance) AS balance, sum(pending_in) AS pending_in,
                            sum(pending_out) AS pending_out, sum(entries) AS entries
                       FROM ledger_checkpoint_hour GROUP BY 1, 2) h USING (account_id, horizon),
               LATERAL ledger_sums(x.account_id, 0, x.horizon) s,
               LATERAL (SELECT max(p.horizon) AS horizon FROM ledger_checkpoint p
                         WHERE p.account_id = x.account_id AND p.horizon < x.horizon) p,
               LATERAL ledger_sums(x.account_id, coalesce(p.horizon, 0), x.horizon) d,
               LATERAL (SELECT max(e.recorded_at) AS high, min(e.recorded_at) FILTER (
                                   WHERE e.xid >= coalesce(p.horizon, 0)) AS low
                          FROM ledger_entry e
                         WHERE e.account_id = x.account_id AND e.seq IS NULL AND e.xid < x.horizon) t
         WHERE (x.balance, x.pending_in, x.pending_out, x.entries, x.recorded_low, x.recorded_high)
               IS DISTINCT FROM (s.balance, s.pending_in, s.pending_out, s.entries, t.low, t.high)
            OR (h.balance, h.pending_in, h.pending_out, h.entries)
               IS DISTINCT FROM (d.balance, d.pending_in, d.pending_out, d.entries)
            OR x.id::text IN (SELECT w.key FROM ({_findings("checkpoint_sums")}) w (object, key, detail))
         GROUP BY x.account_id) wrong
     WHERE c.account_id = wrong.account_id AND c.horizon >= wrong.horizon
    RETURNING 'checkpoint', c.id::text, row(c.horizon, c.balance, c.entries)::text, 'removed'
"""  # noqa: S608 (constants)
_WITHOUT_CHECKPOINT = """
    DELETE FROM {table} h
     WHERE NOT EXISTS (SELECT 1 FROM ledger_checkpoint c
                        WHERE c.account_id = h.account_id AND c.horizon = h.horizon)
"""
# Where the check of blocks finds one that is wrong, the account loses all of its blocks; the schedule takes new ones.
_BLOCKS = f"""
    WITH wrong AS (SELECT DISTINCT split_part(w.key, '/', 1)::bigint AS account_id
                     FROM ({_findings("backdated_blocks")}) w (object, key, detail)),
         sums AS (DELETE FROM ledger_backdated_sum s USING wrong WHERE s.account_id = wrong.account_id
                  RETURNING s.account_id, s.level, s.last_seq),
         blocks AS (DELETE FROM ledger_backdated_block k USING wrong WHERE k.account_id = wrong.account_id
                    RETURNING k.account_id, k.level, k.last_seq, k.first_seq, k.entries)
    SELECT 'backdated block', concat_ws('/', account_id, level, last_seq),
           coalesce(row(b.first_seq, b.entries)::text, 'no row'), 'removed'
      FROM blocks b FULL JOIN (SELECT DISTINCT * FROM sums) s USING (account_id, level, last_seq)
     ORDER BY account_id, level, last_seq
"""  # noqa: S608 (constants)
_OF_CHECKPOINTS = ("ledger_checkpoint_hour", "ledger_checkpoint_sum")
_KEPT_SUMS = ("ledger_checkpoint", *_OF_CHECKPOINTS, "ledger_backdated_block", "ledger_backdated_sum")


def rebuild(*, dry_run: bool) -> list[Change]:
    """Make every projection agree with the entries, in one transaction while postings wait; returns what changed.

    With `dry_run` nothing remains changed. Raises ProgrammingError without the owner's rights, IntegrityError where the
    entries themselves break a rule (a floor, for example)."""
    changes: list[Change] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("LOCK TABLE ledger_balance, ledger_pending, ledger_hold IN EXCLUSIVE MODE")
        for table in _KEPT_SUMS:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ledger_append_only")
        for statement in (_MISSING_BALANCES, _BALANCES, _PENDINGS, _HOLDS, _CHECKPOINTS, _BLOCKS):
            cursor.execute(statement)
            changes += [Change(*row) for row in cursor.fetchall()]
        for table in _OF_CHECKPOINTS:
            cursor.execute(_WITHOUT_CHECKPOINT.format(table=table))
        for table in _KEPT_SUMS:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ledger_append_only")
        if dry_run:
            transaction.set_rollback(True)
    return changes
