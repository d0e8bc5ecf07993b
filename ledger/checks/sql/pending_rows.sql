SELECT 'transaction', p.transaction_id::text, 'has a reservation but is not a pending transaction'
  FROM ledger_pending p LEFT JOIN ledger_transaction t ON t.id = p.transaction_id
 WHERE t.phase IS DISTINCT FROM 'pending'
