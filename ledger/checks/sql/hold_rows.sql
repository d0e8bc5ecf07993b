SELECT 'hold', h.id::text, 'was not placed by a transaction from its wallet to its held account'
  FROM ledger_hold h
  LEFT JOIN ledger_transaction t ON t.id = h.placed_by_id
  LEFT JOIN ledger_account w ON w.id = h.wallet_id
  LEFT JOIN ledger_account a ON a.id = h.held_account_id
 WHERE t.moves_hold_id IS DISTINCT FROM h.id OR t.reason <> 'HOLD_PLACED' OR a.kind IS DISTINCT FROM 'held'
    OR (w.owner, w.currency) IS DISTINCT FROM (a.owner, a.currency)
    OR NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = t.id AND e.account_id = w.id
                      AND e.amount = -h.amount)
UNION ALL
SELECT 'transaction', t.id::text, 'says that it moves a hold, and there is none'
  FROM ledger_transaction t
 WHERE t.moves_hold_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_hold h WHERE h.id = t.moves_hold_id)
