SELECT 'transaction', t.id::text, format('its reason %s is not in the catalogue', t.reason)
  FROM ledger_transaction t LEFT JOIN ledger_reason r ON r.code = t.reason
 WHERE t.xid >= {since} AND r.code IS NULL
