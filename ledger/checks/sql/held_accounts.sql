SELECT 'account', a.id::text, format('%s %s: holds %s, open holds add up to %s', a.code, a.currency,
       trim_scale(b.balance), trim_scale(coalesce(h.rest, 0)))
  FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
  LEFT JOIN (SELECT held_account_id, sum(amount - captured - released) AS rest FROM ledger_hold
              WHERE state IN ('active', 'partly_captured') GROUP BY held_account_id) h ON h.held_account_id = a.id
 WHERE a.kind = 'held' AND b.balance <> coalesce(h.rest, 0)
