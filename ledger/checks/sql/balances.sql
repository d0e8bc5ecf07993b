SELECT 'account', coalesce(b.account_id, s.account_id)::text,
       format('%s %s: ', a.code, a.currency) || concat_ws('; ',
       CASE WHEN b.account_id IS NULL THEN 'has no balance row' END,
       CASE WHEN b.balance <> coalesce(s.balance, 0)
            THEN format('balance %s, entries %s', trim_scale(b.balance), trim_scale(coalesce(s.balance, 0))) END,
       CASE WHEN b.pending_in <> coalesce(s.pending_in, 0) THEN format('pending in %s, entries %s',
            trim_scale(b.pending_in), trim_scale(coalesce(s.pending_in, 0))) END,
       CASE WHEN b.pending_out <> coalesce(s.pending_out, 0) THEN format('pending out %s, entries %s',
            trim_scale(b.pending_out), trim_scale(coalesce(s.pending_out, 0))) END,
       CASE WHEN b.seq <> coalesce(s.entries, 0)
            THEN format('seq %s, %s entries', b.seq, coalesce(s.entries, 0)) END,
       CASE WHEN b.effective_high IS DISTINCT FROM s.effective_high THEN 'latest effective time differs' END,
       CASE WHEN b.recorded_high IS DISTINCT FROM s.recorded_high THEN 'latest recorded time differs' END)
  FROM ledger_balance b
  FULL JOIN (SELECT x.account_id, count(*) AS entries,
                    max(x.effective_at) AS effective_high, max(x.recorded_at) AS recorded_high,
                    coalesce(sum(x.change) FILTER (WHERE x.layer = 0), 0) AS balance,
                    coalesce(sum(x.change) FILTER (
                        WHERE x.layer <> 0 AND (x.layer = 1) = (x.change > 0)), 0) AS pending_in,
                    coalesce(-sum(x.change) FILTER (
                        WHERE x.layer <> 0 AND (x.layer = 1) <> (x.change > 0)), 0) AS pending_out
               FROM (SELECT e.account_id, e.layer, e.amount * a.sign AS change, e.effective_at, e.recorded_at
                       FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                      WHERE a.running) x
              GROUP BY x.account_id) s ON s.account_id = b.account_id
  LEFT JOIN ledger_account a ON a.id = coalesce(b.account_id, s.account_id)
 WHERE b.account_id IS NULL OR b.balance <> coalesce(s.balance, 0)
    OR b.pending_in <> coalesce(s.pending_in, 0) OR b.pending_out <> coalesce(s.pending_out, 0)
    OR b.seq <> coalesce(s.entries, 0) OR b.effective_high IS DISTINCT FROM s.effective_high
    OR b.recorded_high IS DISTINCT FROM s.recorded_high
