-- Entries of house accounts in the order in which they were written, each in the span of the checkpoint that adds it and
-- in its hour: hours make checkpoints, so everything is added up once. Only entries that are right are counted.
WITH kept AS (
    SELECT c.*, lag(c.horizon, 1, 0::bigint) OVER w AS since, lag(c.balance, 1, 0::numeric) OVER w AS balance_before,
           lag(c.pending_in, 1, 0::numeric) OVER w AS pending_in_before,
           lag(c.pending_out, 1, 0::numeric) OVER w AS pending_out_before,
           lag(c.entries, 1, 0::bigint) OVER w AS entries_before, lag(c.recorded_high) OVER w AS high_before
      FROM ledger_checkpoint c WINDOW w AS (PARTITION BY c.account_id ORDER BY c.horizon)
), span AS (
    SELECT k.account_id, k.horizon, k.since, k.horizon AS until FROM kept k
     UNION ALL
    SELECT a.id, NULL, coalesce((SELECT max(c.horizon) FROM ledger_checkpoint c WHERE c.account_id = a.id), 0),
           9223372036854775807
      FROM ledger_account a WHERE NOT a.running
), added AS (
    SELECT s.account_id, s.horizon, CASE WHEN s.horizon IS NOT NULL
                                         THEN date_bin('1 hour', e.effective_at, '2000-01-01Z') END AS hour,
           count(*) AS entries, min(e.recorded_at) AS recorded_low, max(e.recorded_at) AS recorded_high,
           coalesce(a.sign * sum(e.amount) FILTER (WHERE e.layer = 0), 0) AS balance,
           coalesce(a.sign * sum(e.amount) FILTER (
               WHERE e.layer <> 0 AND (e.layer = 1) = (e.amount * a.sign > 0)), 0) AS pending_in,
           coalesce(-a.sign * sum(e.amount) FILTER (
               WHERE e.layer <> 0 AND (e.layer = 1) <> (e.amount * a.sign > 0)), 0) AS pending_out
      FROM span s
      JOIN ledger_account a ON a.id = s.account_id AND NOT a.running
     CROSS JOIN LATERAL (
           SELECT x.* FROM ledger_entry x
            WHERE x.account_id = s.account_id AND x.seq IS NULL AND x.xid >= s.since AND x.xid < s.until
              AND x.currency = a.currency AND x.amount <> 0 AND min_scale(x.amount) <= a.exponent
              AND x.layer BETWEEN 0 AND 2 AND NOT x.backdated AND x.balance_after IS NULL
              AND x.pending_in_after IS NULL AND x.pending_out_after IS NULL) e
     GROUP BY s.account_id, s.horizon, 3, a.sign
), total AS (
    SELECT d.account_id, d.horizon, sum(d.entries) AS entries, min(d.recorded_low) AS recorded_low,
           max(d.recorded_high) AS recorded_high, sum(d.balance) AS balance, sum(d.pending_in) AS pending_in,
           sum(d.pending_out) AS pending_out
      FROM added d GROUP BY d.account_id, d.horizon
)
SELECT NOT EXISTS (
           SELECT FROM kept k
             LEFT JOIN ledger_account a ON a.id = k.account_id
             LEFT JOIN total t ON t.account_id = k.account_id AND t.horizon = k.horizon
            WHERE a.running IS NOT FALSE OR k.horizon > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
               OR (k.balance - k.balance_before, k.pending_in - k.pending_in_before,
                   k.pending_out - k.pending_out_before, k.entries - k.entries_before, k.recorded_low, k.recorded_high)
                  IS DISTINCT FROM (coalesce(t.balance, 0), coalesce(t.pending_in, 0), coalesce(t.pending_out, 0),
                                    coalesce(t.entries, 0), t.recorded_low, greatest(t.recorded_high, k.high_before)))
       AND NOT EXISTS (
           SELECT FROM (SELECT d.* FROM added d WHERE d.horizon IS NOT NULL) d
             FULL JOIN ledger_checkpoint_hour h
                    ON h.account_id = d.account_id AND h.horizon = d.horizon AND h.hour = d.hour
            WHERE (d.balance, d.pending_in, d.pending_out, d.entries)
                  IS DISTINCT FROM (h.balance, h.pending_in, h.pending_out, h.entries)),
       (SELECT coalesce(sum(t.entries), 0) FROM total t)
