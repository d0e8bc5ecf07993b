-- Entries of running accounts in one line, account by account, by sequence: account and sequence in one number, because
-- rows are sorted by one number twice as fast as by two. Beside each figure stands what the entry before must then have
-- left. Only entries that are right are counted; each balance row says how many there are and how the last one ends.
-- Backdated entries stand in runs; none of a run, and nothing after it, may contradict the entry before it.
WITH line AS (
    SELECT e.account_id << 32 | e.seq AS place, e.id, e.recorded_at,
           CASE WHEN NOT e.backdated THEN e.effective_at END AS in_time,
           e.balance_after AS balance,
           CASE WHEN e.layer <> 0 THEN e.balance_after
                WHEN a.sign = 1 THEN e.balance_after - e.amount ELSE e.balance_after + e.amount END AS balance_before,
           -- Nothing pending, the usual case, is NULL.
           CASE WHEN e.pending_in_after <> 0 OR e.pending_out_after <> 0
                THEN ARRAY[e.pending_in_after, e.pending_out_after] END AS pending,
           CASE WHEN e.layer = 0 THEN NULL
                WHEN (e.layer = 1) = (e.amount * a.sign > 0)
                THEN ARRAY[e.pending_in_after - e.amount * a.sign, e.pending_out_after]
                ELSE ARRAY[e.pending_in_after, e.pending_out_after + e.amount * a.sign] END AS pending_before
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
     WHERE e.seq BETWEEN 1 AND 4294967295 AND a.id < 2147483648 AND a.running AND (a.currency = e.currency) IS TRUE
       AND e.amount <> 0 AND min_scale(e.amount) <= a.exponent AND e.layer BETWEEN 0 AND 2
       AND e.balance_after IS NOT NULL AND e.pending_in_after IS NOT NULL AND e.pending_out_after IS NOT NULL
       AND (a.floor IS NULL OR e.pending_out_after = 0 AND e.balance_after >= a.floor
            OR e.balance_after - e.pending_out_after >= a.floor
            -- Only the last entry of a transaction has to keep to the floor.
            OR e.transaction_id = (SELECT n.transaction_id FROM ledger_entry n
                                    WHERE n.account_id = e.account_id AND n.seq = e.seq + 1))
    OFFSET 0  -- what stands above is worked out before the sort, which then has less to carry
), beside AS (
    SELECT l.*, lag(l.place) OVER w AS place_before, lag(l.id) OVER w AS id_before,
           lag(l.recorded_at) OVER w AS recorded_before, lag(l.in_time) OVER w AS in_time_before,
           lag(l.balance) OVER w AS balance_due, lag(l.pending) OVER w AS pending_due
      FROM line l WINDOW w AS (ORDER BY l.place)
), counted AS (
    SELECT count(*) AS entries FROM beside b
     WHERE CASE WHEN b.place_before = b.place - 1 AND b.id_before < b.id AND b.recorded_before <= b.recorded_at
                     AND b.balance_due = b.balance_before AND (b.in_time_before > b.in_time) IS NOT TRUE
                THEN CASE WHEN b.pending_before IS NULL THEN b.pending_due IS NOT DISTINCT FROM b.pending
                          ELSE coalesce(b.pending_due, '{0,0}') = b.pending_before END
                ELSE b.place & 4294967295 = 1 AND b.balance_before = 0 AND b.in_time IS NOT NULL
                     AND coalesce(b.pending_before, b.pending, '{0,0}') = '{0,0}' END
), run AS (
    SELECT r.account_id, min(r.seq) AS first, max(r.seq) AS last, max(r.effective_at) AS latest
      FROM (SELECT e.account_id, e.seq, e.effective_at,
                   e.seq - row_number() OVER (PARTITION BY e.account_id ORDER BY e.seq) AS number
              FROM ledger_entry e WHERE e.backdated) r
     GROUP BY r.account_id, r.number
)
SELECT c.entries = (SELECT coalesce(sum(b.seq), 0) FROM ledger_balance b)
       AND NOT EXISTS (
           SELECT FROM run r
             LEFT JOIN LATERAL (SELECT e.effective_at FROM ledger_entry e
                                 WHERE e.account_id = r.account_id AND e.seq = r.first - 1 OFFSET 0) p ON true
             LEFT JOIN LATERAL (SELECT e.effective_at FROM ledger_entry e
                                 WHERE e.account_id = r.account_id AND e.seq = r.last + 1 OFFSET 0) n ON true
            WHERE (r.latest < p.effective_at) IS NOT TRUE OR n.effective_at < p.effective_at)
       AND NOT EXISTS (
           SELECT FROM ledger_balance b
             LEFT JOIN LATERAL (SELECT e.* FROM ledger_entry e
                                 WHERE e.account_id = b.account_id AND e.seq = b.seq OFFSET 0) e ON true
            WHERE (b.balance, b.pending_in, b.pending_out, b.seq, b.recorded_high)
                  IS DISTINCT FROM (coalesce(e.balance_after, 0), coalesce(e.pending_in_after, 0),
                                    coalesce(e.pending_out_after, 0), coalesce(e.seq, 0), e.recorded_at)
               OR b.effective_high IS DISTINCT FROM CASE WHEN e.backdated IS FALSE THEN e.effective_at
                  ELSE (SELECT max(x.effective_at) FROM ledger_entry x WHERE x.account_id = b.account_id) END),
       c.entries
  FROM counted c
