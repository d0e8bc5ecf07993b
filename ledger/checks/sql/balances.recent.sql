SELECT 'account', b.account_id::text, format('%s %s: is not what its last entry says', a.code, a.currency)
  FROM (SELECT DISTINCT account_id FROM ledger_entry WHERE xid >= {since} AND seq IS NOT NULL) touched
  JOIN ledger_account a ON a.id = touched.account_id
  LEFT JOIN ledger_balance b ON b.account_id = a.id
  LEFT JOIN LATERAL (SELECT e.* FROM ledger_entry e WHERE e.account_id = a.id AND e.seq IS NOT NULL
                      ORDER BY e.seq DESC LIMIT 1) e ON true
 WHERE (b.balance, b.pending_in, b.pending_out, b.seq, b.recorded_high)
       IS DISTINCT FROM (e.balance_after, e.pending_in_after, e.pending_out_after, e.seq, e.recorded_at)
