WITH latest AS (
    SELECT DISTINCT ON (v.type, v.data ->> 'key') v.type, v.data ->> 'key' AS key,
           (v.after ->> 'expires_at')::timestamptz AS expires_at
      FROM ledger_event v WHERE v.type IN ('transaction.extended', 'hold.extended') AND v.data ? 'key'
     ORDER BY v.type, v.data ->> 'key', v.id DESC
)
SELECT split_part(l.type, '.', 1), l.key,
       format('ends at %s, but was given time until %s', coalesce(p.expires_at, h.expires_at), l.expires_at)
  FROM latest l
  LEFT JOIN ledger_pending p ON l.type = 'transaction.extended' AND p.transaction_id = l.key::uuid
  LEFT JOIN ledger_hold h ON l.type = 'hold.extended' AND h.id = l.key::uuid
 WHERE coalesce(p.expires_at, h.expires_at) IS DISTINCT FROM l.expires_at AND {since} >= 0
