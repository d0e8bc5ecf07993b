SELECT 'account', a.id::text, format('%s %s is %s, and its last event says %s', a.code, a.currency, a.status,
       coalesce(t.status, 'nothing: it was opened and never changed'))
  FROM ledger_account a
  LEFT JOIN (SELECT DISTINCT ON (e.object_ref) e.object_ref, e.after ->> 'status' AS status
               FROM ledger_event e
              WHERE e.type IN ('account.frozen', 'account.unfrozen', 'account.closed') AND e.after ? 'status'
              ORDER BY e.object_ref, e.id DESC) t
         ON t.object_ref = ledger_account_ref(a.id)
 WHERE a.status <> coalesce(t.status, 'open') AND {since} >= 0
UNION ALL
SELECT 'account', a.id::text, format('%s %s was opened as %s %s', a.code, a.currency, e.after ->> 'code',
       e.after ->> 'currency')
  FROM ledger_event e
  JOIN ledger_account a ON ledger_account_ref(a.id) = e.object_ref
 WHERE e.type = 'account.opened' AND (a.code, a.currency) IS DISTINCT FROM (e.after ->> 'code', e.after ->> 'currency')
   AND {since} >= 0
UNION ALL
SELECT 'event', e.id::text, format('opened %s, an account that there is not', e.object_ref)
  FROM ledger_event e
 WHERE e.type = 'account.opened' AND {since} >= 0
   AND NOT EXISTS (SELECT FROM ledger_account a WHERE ledger_account_ref(a.id) = e.object_ref)
