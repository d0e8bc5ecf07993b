SELECT 'backdated block', format('%s/%s/%s', k.account_id, k.level, k.last_seq), concat_ws('; ',
       CASE WHEN a.running IS NOT TRUE THEN 'not a running account' END,
       CASE WHEN k.level NOT IN (0, 1) THEN 'a level that there is not' END,
       CASE WHEN k.first_seq <> k.first_due THEN format('begins at %s instead of %s', k.first_seq, k.first_due) END,
       CASE WHEN e.backdated IS NOT TRUE THEN 'does not end with a backdated entry' END,
       CASE WHEN k.entries IS DISTINCT FROM d.entries
            THEN format('%s entries instead of %s', k.entries, coalesce(d.entries, 0)) END,
       CASE WHEN k.effective_high IS DISTINCT FROM h.due
            THEN format('latest effective time %s instead of %s', k.effective_high, h.due) END,
       CASE WHEN d.wrong > 0 THEN format('%s of its sums are not those of its entries', d.wrong) END)
  FROM (SELECT b.*, lag(b.last_seq, 1, 0::bigint) OVER line + 1 AS first_due,
               lag(b.effective_high) OVER line AS high_before
          FROM ledger_backdated_block b
        WINDOW line AS (PARTITION BY b.account_id, b.level ORDER BY b.last_seq)) k
  LEFT JOIN ledger_account a ON a.id = k.account_id
  LEFT JOIN ledger_entry e ON e.account_id = k.account_id AND e.seq = k.last_seq
 CROSS JOIN LATERAL (SELECT ledger_effective_high(k.account_id, k.first_seq, k.last_seq, k.high_before) AS due) h
 CROSS JOIN LATERAL (SELECT max(d.entries) AS entries,
                            count(*) FILTER (WHERE (d.balance, d.pending_in, d.pending_out)
                                                   IS DISTINCT FROM (s.balance, s.pending_in, s.pending_out)) AS wrong
                       FROM ledger_backdated_between(k.account_id, k.first_seq, k.last_seq) d
                       FULL JOIN (SELECT * FROM ledger_backdated_sum x
                                   WHERE x.account_id = k.account_id AND x.level = k.level
                                     AND x.last_seq = k.last_seq) s USING (effective_at)) d
 WHERE k.xid >= {since}
   AND (a.running IS NOT TRUE OR k.level NOT IN (0, 1) OR k.first_seq <> k.first_due OR e.backdated IS NOT TRUE
        OR k.entries IS DISTINCT FROM d.entries OR k.effective_high IS DISTINCT FROM h.due OR d.wrong > 0)
UNION ALL
SELECT DISTINCT 'backdated block', format('%s/%s/%s', s.account_id, s.level, s.last_seq), 'has sums but is missing'
  FROM ledger_backdated_sum s
 WHERE {since} = 0
   AND NOT EXISTS (SELECT 1 FROM ledger_backdated_block k
                    WHERE k.account_id = s.account_id AND k.level = s.level AND k.last_seq = s.last_seq)
