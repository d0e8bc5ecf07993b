SELECT 'transaction', t.id::text,
       format('let a reservation expire %s: its end is %s, it ends on %s',
              coalesce('on ' || (t.metadata ->> 'status'), 'by the clock'), coalesce(p.expires_at::text, 'never'),
              p.expires_on)
  FROM ledger_transaction t JOIN ledger_pending p ON p.transaction_id = t.pending_id
 WHERE t.phase = 'expire' AND t.xid >= {since}
   AND (p.expires_at IS NULL OR t.recorded_at < p.expires_at)
   AND NOT coalesce(t.metadata ->> 'status' = ANY (p.expires_on), false)
UNION ALL
SELECT 'transaction', t.id::text, format('posts or voids a reservation that expired at %s', p.expires_at)
  FROM ledger_transaction t JOIN ledger_pending p ON p.transaction_id = t.pending_id
 WHERE t.phase IN ('post', 'void') AND t.xid >= {since} AND t.recorded_at > p.expires_at + interval '1 minute'
