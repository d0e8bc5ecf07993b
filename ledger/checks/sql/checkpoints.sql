SELECT 'checkpoint', c.id::text, format('%s %s below %s: balance %s, entries say %s (%s of them, kept as %s)',
       a.code, a.currency, c.horizon, trim_scale(c.balance), trim_scale(coalesce(p.balance, 0) + s.balance),
       coalesce(p.entries, 0) + s.entries, c.entries)
  FROM ledger_checkpoint c
  LEFT JOIN ledger_account a ON a.id = c.account_id
  LEFT JOIN LATERAL (SELECT p.* FROM ledger_checkpoint p
                      WHERE p.account_id = c.account_id AND p.horizon < c.horizon
                      ORDER BY p.horizon DESC LIMIT 1) p ON true
  LEFT JOIN LATERAL ledger_sums(c.account_id, coalesce(p.horizon, 0), c.horizon) s ON true
 WHERE c.horizon >= {since}
   AND (a.id IS NULL OR a.running OR c.horizon > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        OR (c.balance, c.pending_in, c.pending_out, c.entries)
           IS DISTINCT FROM (coalesce(p.balance, 0) + s.balance, coalesce(p.pending_in, 0) + s.pending_in,
                             coalesce(p.pending_out, 0) + s.pending_out, coalesce(p.entries, 0) + s.entries))
