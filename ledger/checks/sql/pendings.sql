WITH touched AS (
    SELECT coalesce(t.pending_id, t.id) AS id FROM ledger_transaction t
     WHERE t.phase <> 'single' AND t.xid >= {since} GROUP BY 1
), reserved AS (
    SELECT o.id, sum(e.amount) AS amount
      FROM touched o JOIN ledger_entry e ON e.transaction_id = o.id AND e.layer = 1 AND e.amount > 0
     GROUP BY o.id
), released AS (
    SELECT o.id, coalesce(sum(e.amount), 0) AS amount, bool_or(t.phase = 'void') AS voided,
           bool_or(t.phase = 'expire') AS expired
      FROM touched o JOIN ledger_transaction t ON t.pending_id = o.id
      JOIN ledger_entry e ON e.transaction_id = t.id AND e.layer = 2 AND e.amount > 0 GROUP BY o.id
)
SELECT 'transaction', o.id::text, format('reserved %s, released %s, kept as %s of %s, %s',
       trim_scale(coalesce(r.amount, 0)), trim_scale(coalesce(x.amount, 0)), trim_scale(p.remaining),
       trim_scale(p.amount), coalesce(p.state, 'without a row'))
  FROM touched o
  LEFT JOIN ledger_pending p ON p.transaction_id = o.id
  LEFT JOIN reserved r ON r.id = o.id LEFT JOIN released x ON x.id = o.id
 WHERE p.amount IS DISTINCT FROM r.amount
    OR p.remaining IS DISTINCT FROM r.amount - coalesce(x.amount, 0)
    OR p.state IS DISTINCT FROM CASE WHEN r.amount > coalesce(x.amount, 0) THEN 'pending' WHEN x.expired THEN 'expired'
                                     WHEN x.voided THEN 'voided' ELSE 'posted' END
