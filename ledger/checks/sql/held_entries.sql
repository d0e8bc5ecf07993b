SELECT 'entry', e.id::text, format('%s %s: moved by transaction %s without a hold', a.code, a.currency, t.id)
  FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id
  JOIN ledger_transaction t ON t.id = e.transaction_id
  LEFT JOIN ledger_hold h ON h.id = t.moves_hold_id
 WHERE a.kind = 'held' AND e.xid >= {since} AND h.held_account_id IS DISTINCT FROM a.id
