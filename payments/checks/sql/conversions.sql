SELECT 'conversion', c.id::text, format('%s %s moved by %s where the quote says %s', d.account, d.currency, d.found, d.expected)
  FROM payments_conversion c
  JOIN ledger_transaction t ON t.id = c.transaction_id
  CROSS JOIN LATERAL payments_conversion_differences(c.quote_id, c.transaction_id) d
 WHERE t.xid >= {since}
UNION ALL
SELECT 'conversion', c.id::text, 'was made outside the time of its quote, or for another client'
  FROM payments_conversion c
  JOIN payments_fxquote q ON q.id = c.quote_id
  JOIN ledger_transaction t ON t.id = c.transaction_id
 WHERE t.xid >= {since}
   AND (c.converted_at < q.created_at OR c.converted_at >= q.expires_at OR c.client_id <> q.client_id)
UNION ALL
SELECT 'transaction', t.id::text, 'converts currencies and belongs to no conversion'
  FROM ledger_transaction t
 WHERE t.source_system = 'payments' AND t.source_kind = 'conversion' AND t.xid >= {since}
   AND NOT EXISTS (SELECT FROM payments_conversion c WHERE c.transaction_id = t.id)
