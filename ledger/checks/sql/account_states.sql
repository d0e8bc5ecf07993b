SELECT 'account', a.id::text, format('%s %s is %s, and its last event says %s', a.code, a.currency, a.status,
       coalesce(t.status, 'nothing: it was opened and never changed'))
  FROM ledger_account a
  LEFT JOIN (SELECT DISTINCT ON (ledger_account_in(e.object_ref)) ledger_account_in(e.object_ref) AS account_id,
                    e.after ->> 'status' AS status
               FROM ledger_event e
              WHERE e.type IN ('account.frozen', 'account.unfrozen', 'account.closed') AND e.after ? 'status'
              ORDER BY ledger_account_in(e.object_ref), e.id DESC) t ON t.account_id = a.id
 WHERE a.status <> coalesce(t.status, 'open')
UNION ALL
-- Where an event tells of the opening. Not looked at again with what is new: it is as old as the account.
SELECT 'event', e.id::text, CASE WHEN a.id IS NULL THEN format('opened %s, an account that there is not', e.object_ref)
       ELSE format('opened %s as %s %s, and it is %s %s', e.object_ref, e.after ->> 'code', e.after ->> 'currency', a.code,
                   a.currency) END
  FROM ledger_event e
  LEFT JOIN ledger_account a ON a.id = ledger_account_in(e.object_ref)
 WHERE e.type = 'account.opened' AND {since} = 0
   AND (a.code, a.currency) IS DISTINCT FROM (e.after ->> 'code', e.after ->> 'currency')
