-- What comes before the last sealed row in the order of the chain must be in the chain.
WITH head AS (
    SELECT s.number, s.event_id, s.transaction_id, coalesce(e.xid, t.xid) AS xid
      FROM ledger_seal s LEFT JOIN ledger_event e ON e.id = s.event_id
      LEFT JOIN ledger_transaction t ON t.id = s.transaction_id
     ORDER BY s.number DESC LIMIT 1
)
SELECT 'event', e.id::text, format('belongs before #%s and is not in the chain', h.number)
  FROM head h JOIN ledger_event e ON e.xid < h.xid OR (e.xid = h.xid AND (h.event_id IS NULL OR e.id <= h.event_id))
 WHERE e.xid >= {since} AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.event_id = e.id)
UNION ALL
SELECT 'transaction', t.id::text, format('belongs before #%s and is not in the chain', h.number)
  FROM head h JOIN ledger_transaction t ON t.xid < h.xid
         OR (t.xid = h.xid AND h.event_id IS NULL AND t.id <= h.transaction_id)
 WHERE t.xid >= {since} AND NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.transaction_id = t.id)
