SELECT 'checkpoint', c.id::text, format('%s %s below %s: its hours are not those of the entries it adds', a.code, a.currency,
       c.horizon)
  FROM ledger_checkpoint c
  JOIN ledger_account a ON a.id = c.account_id
  LEFT JOIN LATERAL (SELECT max(p.horizon) AS horizon, max(p.recorded_high) AS recorded_high FROM ledger_checkpoint p
                      WHERE p.account_id = c.account_id AND p.horizon < c.horizon) p ON true
 WHERE c.horizon >= {since}
   AND (EXISTS (SELECT 1 FROM ledger_hour_sums(c.account_id, coalesce(p.horizon, 0), c.horizon) s
                  FULL JOIN (SELECT * FROM ledger_checkpoint_hour h
                              WHERE h.account_id = c.account_id AND h.horizon = c.horizon) h USING (hour)
                 WHERE (s.balance, s.pending_in, s.pending_out, s.entries)
                       IS DISTINCT FROM (h.balance, h.pending_in, h.pending_out, h.entries))
        OR (c.recorded_low, c.recorded_high) IS DISTINCT FROM
           (SELECT (min(e.recorded_at), greatest(max(e.recorded_at), p.recorded_high)) FROM ledger_entry e
             WHERE e.account_id = c.account_id AND e.seq IS NULL
               AND e.xid >= coalesce(p.horizon, 0) AND e.xid < c.horizon))
UNION ALL
SELECT 'hour', h.id::text, format('account %s below %s: the checkpoint it belongs to is missing', h.account_id, h.horizon)
  FROM ledger_checkpoint_hour h
 WHERE h.horizon >= {since}
   AND NOT EXISTS (SELECT 1 FROM ledger_checkpoint c WHERE c.account_id = h.account_id AND c.horizon = h.horizon)
