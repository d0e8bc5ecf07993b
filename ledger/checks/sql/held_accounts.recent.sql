SELECT 'account', a.id::text, format('%s %s: holds %s, open holds add up to %s', a.code, a.currency,
       trim_scale(b.balance), trim_scale(coalesce(h.rest, 0)))
  FROM (SELECT DISTINCT account_id FROM ledger_entry WHERE xid >= {since} AND seq IS NOT NULL) touched
  JOIN ledger_account a ON a.id = touched.account_id JOIN ledger_balance b ON b.account_id = a.id
  LEFT JOIN LATERAL (SELECT sum(x.amount - x.captured - x.released) AS rest FROM ledger_hold x
                      WHERE x.held_account_id = a.id AND x.state IN ('active', 'partly_captured')) h ON true
 WHERE a.kind = 'held' AND b.balance <> coalesce(h.rest, 0)
