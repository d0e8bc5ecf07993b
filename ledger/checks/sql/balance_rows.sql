SELECT 'account', coalesce(b.account_id, a.id)::text, format('%s %s: ', a.code, a.currency) || concat_ws('; ',
       CASE WHEN a.id IS NULL THEN 'the account is missing' END,
       CASE WHEN b.account_id IS NULL THEN 'the balance row is missing' END,
       CASE WHEN b.account_id IS NOT NULL AND NOT a.running THEN 'a house account with a balance row' END,
       CASE WHEN b.floor IS DISTINCT FROM a.floor THEN 'its floor is not the account''s' END,
       CASE WHEN b.balance - b.pending_out < b.floor
            THEN format('%s is below the floor', trim_scale(b.balance - b.pending_out)) END,
       CASE WHEN least(b.pending_in, b.pending_out) < 0 THEN 'pending is negative' END)
  FROM ledger_balance b FULL JOIN ledger_account a ON a.id = b.account_id
 WHERE (a.running AND b.account_id IS NULL)
    OR (b.account_id IS NOT NULL
        AND (a.running IS DISTINCT FROM true OR b.floor IS DISTINCT FROM a.floor
             OR b.balance - b.pending_out < b.floor OR least(b.pending_in, b.pending_out) < 0))
