SELECT 'transaction', t.id::text, 'resolves something that is not a pending transaction'
  FROM ledger_transaction t LEFT JOIN ledger_transaction o ON o.id = t.pending_id
  LEFT JOIN ledger_pending p ON p.transaction_id = t.pending_id
 WHERE t.phase IN ('post', 'void') AND t.xid >= {since}
   AND (o.phase IS DISTINCT FROM 'pending' OR p.transaction_id IS NULL)
UNION ALL
SELECT 'transaction', e.transaction_id::text,
       format('account %s: what it posts and what it releases differ by %s',
              e.account_id, trim_scale(sum(e.amount)))
  FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
 WHERE t.phase = 'post' AND t.xid >= {since}
 GROUP BY e.transaction_id, e.account_id HAVING sum(e.amount) <> 0
