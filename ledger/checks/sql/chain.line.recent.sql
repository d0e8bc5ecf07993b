-- New entries of running accounts, each beside the one before it, whenever that was written.
WITH line AS (
    SELECT e.*, e.amount * a.sign AS change, a.code, a.floor,
           EXISTS (SELECT 1 FROM ledger_entry x
                    WHERE x.account_id = e.account_id AND x.effective_at > e.effective_at AND x.seq < e.seq) AS late,
           lead(e.transaction_id) OVER (PARTITION BY e.account_id ORDER BY e.seq)
               IS DISTINCT FROM e.transaction_id AS last,
           coalesce(p.seq, 0) AS seq_before, p.id AS id_before, p.recorded_at AS recorded_before,
           coalesce(p.balance_after, 0) AS balance_before, coalesce(p.pending_in_after, 0) AS pending_in_before,
           coalesce(p.pending_out_after, 0) AS pending_out_before
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
      LEFT JOIN ledger_entry p ON p.account_id = e.account_id AND p.seq = e.seq - 1
     WHERE e.seq IS NOT NULL AND e.xid >= {since}
),
