SELECT 'transaction', t.id::text,
       format('has %s entries (legs %s to %s), was written with %s',
              coalesce(e.entries, 0), coalesce(e.first, 0), coalesce(e.last, 0), t.legs)
  FROM ledger_transaction t
  LEFT JOIN (SELECT transaction_id, count(*) AS entries, min(leg) AS first, max(leg) AS last
               FROM ledger_entry WHERE xid >= {since} GROUP BY transaction_id) e ON e.transaction_id = t.id
 WHERE t.xid >= {since}
   AND (e.entries IS DISTINCT FROM t.legs OR e.first <> 1 OR e.last <> t.legs)
 ORDER BY t.id LIMIT 1000  -- as the indexes have them: nothing is sorted, and nobody reads more
