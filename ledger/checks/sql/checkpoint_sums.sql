SELECT 'checkpoint', c.id::text, concat_ws('; ', format('%s %s below %s', a.code, a.currency, c.horizon),
       CASE WHEN c.number <> p.due THEN format('has number %s instead of %s', c.number, p.due) END,
       CASE WHEN b.wrong > 0 THEN format('%s sums of its blocks are not those of their hours', b.wrong) END)
  FROM ledger_checkpoint c
  JOIN ledger_account a ON a.id = c.account_id
 CROSS JOIN LATERAL (SELECT coalesce((SELECT p.number FROM ledger_checkpoint p
                                       WHERE p.account_id = c.account_id AND p.horizon < c.horizon
                                       ORDER BY p.horizon DESC LIMIT 1), 0) + 1 AS due) p
 CROSS JOIN LATERAL (SELECT count(*) AS wrong
                       FROM (SELECT k.level, r.* FROM ledger_checkpoint_blocks(c.account_id, c.number) k
                              CROSS JOIN LATERAL ledger_checkpoint_running(c.account_id, k.after, c.horizon) r) r
                       FULL JOIN (SELECT * FROM ledger_checkpoint_sum x
                                   WHERE x.account_id = c.account_id AND x.horizon = c.horizon) x USING (level, hour)
                      WHERE (r.balance, r.pending_in, r.pending_out)
                            IS DISTINCT FROM (x.balance, x.pending_in, x.pending_out)) b
 WHERE c.horizon >= {since} AND (c.number <> p.due OR b.wrong > 0)
UNION ALL
SELECT DISTINCT 'checkpoint', format('%s/%s', x.account_id, x.horizon), 'has sums but is missing'
  FROM ledger_checkpoint_sum x
 WHERE x.horizon >= {since}
   AND NOT EXISTS (SELECT 1 FROM ledger_checkpoint c WHERE c.account_id = x.account_id AND c.horizon = x.horizon)
