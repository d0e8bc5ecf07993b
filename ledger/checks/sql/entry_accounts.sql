SELECT 'entry', e.id::text, format('leg %s of transaction %s: ', e.leg, e.transaction_id) || concat_ws('; ',
       CASE WHEN a.id IS NULL THEN format('account %s is missing', e.account_id) END,
       CASE WHEN e.currency <> a.currency THEN format('%s on an account in %s', e.currency, a.currency) END,
       CASE WHEN e.amount = 0 THEN 'its amount is zero' END,
       CASE WHEN min_scale(e.amount) > a.exponent THEN format('%s has too many decimals', e.amount) END,
       CASE WHEN e.layer NOT BETWEEN 0 AND 2 THEN format('there is no layer %s', e.layer) END,
       CASE WHEN (e.seq IS NOT NULL) <> a.running THEN 'running figures do not fit the account' END,
       CASE WHEN num_nulls(e.seq, e.balance_after, e.pending_in_after, e.pending_out_after) NOT IN (0, 4)
            THEN 'some of its running figures are missing' END,
       CASE WHEN e.backdated AND NOT a.running THEN 'backdated on a house account' END)
  FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id
 WHERE e.xid >= {since}
   AND (a.id IS NULL OR e.currency <> a.currency OR e.amount = 0 OR min_scale(e.amount) > a.exponent
        OR e.layer NOT BETWEEN 0 AND 2 OR (e.seq IS NOT NULL) <> a.running
        OR num_nulls(e.seq, e.balance_after, e.pending_in_after, e.pending_out_after) NOT IN (0, 4)
        OR (e.backdated AND NOT a.running))
