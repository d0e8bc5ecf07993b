SELECT 'transaction', e.transaction_id::text,
       format('its %s entries differ by %s %s',
              (ARRAY['posted', 'pending', 'released'])[e.layer + 1], trim_scale(sum(e.amount)), e.currency)
  FROM ledger_entry e WHERE e.xid >= {since}
 GROUP BY e.transaction_id, e.currency, e.layer HAVING sum(e.amount) <> 0
 ORDER BY e.transaction_id LIMIT 1000  -- as the index has them: nothing is sorted, and nobody reads more
