-- Every entry of every running account beside the one before it.
WITH line AS (
    SELECT e.*, e.amount * a.sign AS change, a.code, a.floor,
           coalesce(max(e.effective_at) OVER earlier > e.effective_at, false) AS late,
           lead(e.transaction_id) OVER line IS DISTINCT FROM e.transaction_id AS last,
           coalesce(lag(e.seq) OVER line, 0) AS seq_before, lag(e.id) OVER line AS id_before,
           lag(e.recorded_at) OVER line AS recorded_before,
           coalesce(lag(e.balance_after) OVER line, 0) AS balance_before,
           coalesce(lag(e.pending_in_after) OVER line, 0) AS pending_in_before,
           coalesce(lag(e.pending_out_after) OVER line, 0) AS pending_out_before
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
     WHERE e.seq IS NOT NULL
    WINDOW line AS (PARTITION BY e.account_id ORDER BY e.seq),
           earlier AS (PARTITION BY e.account_id ORDER BY e.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
