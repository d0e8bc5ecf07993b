-- That whatever resolves names what, and nothing else does, is looked at with the headers.
SELECT 'transaction', t.id::text, 'resolves something that is not a pending transaction'
  FROM ledger_transaction t LEFT JOIN ledger_transaction o ON o.id = t.pending_id
  LEFT JOIN ledger_pending p ON p.transaction_id = t.pending_id
 WHERE t.pending_id IS NOT NULL AND t.xid >= {since}
   AND (o.phase IS DISTINCT FROM 'pending' OR p.transaction_id IS NULL)
UNION ALL
SELECT 'transaction', e.transaction_id::text,
       format('account %s: what it posts and what it releases differ by %s',
              e.account_id, trim_scale(sum(e.amount)))
  FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
 WHERE t.phase = 'post' AND t.pending_id IS NOT NULL AND t.xid >= {since}
 GROUP BY e.transaction_id, e.account_id HAVING sum(e.amount) <> 0
UNION ALL
SELECT 'transaction', x.id::text,
       format('account %s: %s was reserved, %s is released', x.account_id,
              trim_scale(abs(coalesce(x.reserved, 0))), trim_scale(abs(x.released)))
  FROM (SELECT o.id, e.account_id, CASE WHEN e.layer = 1 THEN sign(e.amount) ELSE -sign(e.amount) END AS side,
               sum(e.amount) FILTER (WHERE e.layer = 1) AS reserved,
               sum(e.amount) FILTER (WHERE e.layer = 2) AS released
          FROM (SELECT DISTINCT pending_id AS id FROM ledger_transaction
                 WHERE pending_id IS NOT NULL AND xid >= {since}) o
          JOIN ledger_transaction t ON t.id = o.id OR t.pending_id = o.id
          JOIN ledger_entry e ON e.transaction_id = t.id AND e.layer IN (1, 2)
         GROUP BY 1, 2, 3) x
 WHERE abs(x.released) > abs(coalesce(x.reserved, 0))
