WITH original AS (
    SELECT DISTINCT reverses_id AS id FROM ledger_transaction
     WHERE reverses_id IS NOT NULL AND xid >= {since}
), mirrored AS (
    SELECT t.reverses_id AS id, e.account_id, sum(e.amount) AS amount
      FROM original o JOIN ledger_transaction t ON t.reverses_id = o.id
      JOIN ledger_entry e ON e.transaction_id = t.id GROUP BY 1, 2
), posted AS (
    SELECT o.id, e.account_id, sum(e.amount) AS amount
      FROM original o JOIN ledger_entry e ON e.transaction_id = o.id AND e.layer = 0 GROUP BY 1, 2
)
SELECT 'transaction', m.id::text,
       format('account %s: %s was posted, %s is reversed',
              m.account_id, trim_scale(coalesce(p.amount, 0)), trim_scale(m.amount))
  FROM mirrored m LEFT JOIN posted p USING (id, account_id)
 WHERE m.amount <> 0
   AND (p.amount IS NULL OR sign(m.amount) = sign(p.amount) OR abs(m.amount) > abs(p.amount))
UNION ALL
SELECT 'transaction', t.id::text, 'reverses something that is no posted original'
  FROM ledger_transaction t LEFT JOIN ledger_transaction o ON o.id = t.reverses_id
 WHERE t.reverses_id IS NOT NULL AND t.xid >= {since}
   AND (o.id IS NULL OR t.phase <> 'single' OR o.phase NOT IN ('single', 'post'))
