WITH original AS (
    SELECT DISTINCT reverses_id AS id FROM ledger_transaction WHERE reverses_id IS NOT NULL AND xid >= {since}
), mirrored AS (
    SELECT o.id, e.account_id, sign(e.amount) AS side, sum(abs(e.amount)) AS amount
      FROM original o JOIN ledger_transaction t ON t.reverses_id = o.id
      JOIN ledger_entry e ON e.transaction_id = t.id GROUP BY 1, 2, 3
), posted AS (
    SELECT o.id, e.account_id, -sign(e.amount) AS side, sum(abs(e.amount)) AS amount
      FROM original o JOIN ledger_entry e ON e.transaction_id = o.id AND e.layer = 0 GROUP BY 1, 2, 3
)
SELECT 'transaction', m.id::text,
       format('account %s: %s was posted, %s is reversed',
              m.account_id, trim_scale(coalesce(p.amount, 0)), trim_scale(m.amount))
  FROM mirrored m LEFT JOIN posted p USING (id, account_id, side)
 WHERE m.amount > coalesce(p.amount, 0)
UNION ALL
SELECT 'transaction', t.id::text, 'reverses something that is no posted original'
  FROM ledger_transaction t LEFT JOIN ledger_transaction o ON o.id = t.reverses_id
 WHERE t.reverses_id IS NOT NULL AND t.xid >= {since}
   AND (o.id IS NULL OR t.phase <> 'single' OR o.phase NOT IN ('single', 'post') OR o.reverses_id IS NOT NULL)
