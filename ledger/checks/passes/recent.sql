-- What was written since, read once: by transaction beside the new headers, and by account beside the entries before.
-- Everything older is looked up row by row, so that it costs the same however much there is: each account, and, where
-- the entry before is not new as well, that entry and the latest one before it.
WITH fresh AS MATERIALIZED (
    SELECT e.* FROM ledger_entry e WHERE e.xid >= {since}
), account AS MATERIALIZED (
    SELECT a.*, (b.balance, b.pending_in, b.pending_out, b.seq, b.recorded_high)
                IS NOT DISTINCT FROM (e.balance_after, e.pending_in_after, e.pending_out_after, e.seq, e.recorded_at)
                AND (a.kind <> 'held' OR b.balance = (
                        SELECT coalesce(sum(h.amount - h.captured - h.released), 0) FROM ledger_hold h
                         WHERE h.held_account_id = a.id AND h.state IN ('active', 'partly_captured')))
                AS is_kept_right
      FROM (SELECT DISTINCT f.account_id FROM fresh f) f
     CROSS JOIN LATERAL (SELECT x.* FROM ledger_account x WHERE x.id = f.account_id OFFSET 0) a
      LEFT JOIN LATERAL (SELECT x.* FROM ledger_balance x WHERE x.account_id = a.id AND a.running OFFSET 0) b ON true
      LEFT JOIN LATERAL (SELECT x.* FROM ledger_entry x WHERE x.account_id = a.id AND x.seq IS NOT NULL
                          ORDER BY x.seq DESC LIMIT 1) e ON true
), known AS (
    SELECT f.*, a.sign
      FROM fresh f JOIN account a ON a.id = f.account_id
     WHERE (a.currency = f.currency) IS TRUE AND f.amount <> 0 AND min_scale(f.amount) <= a.exponent
       AND f.layer BETWEEN 0 AND 2 AND a.is_kept_right
       AND CASE WHEN a.running
                THEN f.seq >= 1 AND f.balance_after IS NOT NULL AND f.pending_in_after IS NOT NULL
                     AND f.pending_out_after IS NOT NULL
                     AND (a.floor IS NULL OR f.balance_after - f.pending_out_after >= a.floor
                          -- Only the last entry of a transaction has to keep to the floor.
                          OR f.transaction_id = (SELECT n.transaction_id FROM ledger_entry n
                                                  WHERE n.account_id = f.account_id AND n.seq = f.seq + 1))
                ELSE f.seq IS NULL AND NOT f.backdated AND f.balance_after IS NULL
                     AND f.pending_in_after IS NULL AND f.pending_out_after IS NULL END
       AND (a.kind <> 'held' OR a.id = (SELECT h.held_account_id
                                          FROM ledger_transaction t JOIN ledger_hold h ON h.id = t.moves_hold_id
                                         WHERE t.id = f.transaction_id))
), together AS (
    SELECT f.transaction_id, count(*) AS entries, min(f.leg) AS first_leg, max(f.leg) AS last_leg,
           min(f.xid) AS first_xid, max(f.xid) AS last_xid,
           min(f.effective_at) AS first_effective, max(f.effective_at) AS last_effective,
           min(f.recorded_at) AS first_recorded, bit_or(f.layer) AS any_layer, bit_and(f.layer) AS every_layer,
           sum(f.amount) AS total, sum(f.amount) FILTER (WHERE f.layer <> 0) AS unposted,
           min(hashtext(f.currency)) = max(hashtext(f.currency)) AS one_currency
      FROM fresh f GROUP BY f.transaction_id
), header AS (
    SELECT coalesce(sum(t.legs), 0) AS entries, count(*) AS headers, count(*) FILTER (
               WHERE g.entries = t.legs AND g.first_leg = 1 AND g.last_leg = t.legs
                 AND g.first_xid = t.xid AND g.last_xid = t.xid
                 AND g.first_effective = t.effective_at AND g.last_effective = t.effective_at
                 AND g.first_recorded >= t.recorded_at
                 AND CASE t.phase WHEN 'single' THEN g.any_layer = 0 AND t.pending_id IS NULL
                                  WHEN 'pending' THEN g.any_layer = 1 AND g.every_layer = 1 AND t.pending_id IS NULL
                                  WHEN 'post' THEN g.any_layer IN (0, 2) AND t.pending_id IS NOT NULL
                                  ELSE g.any_layer = 2 AND g.every_layer = 2 AND t.pending_id IS NOT NULL END
                 AND g.total = 0 AND coalesce(g.unposted, 0) = 0
                 AND (g.one_currency OR NOT EXISTS (
                         SELECT FROM ledger_entry e WHERE e.transaction_id = t.id
                          GROUP BY e.currency, e.layer HAVING sum(e.amount) <> 0))
                 AND NOT t.reason NOT IN (SELECT code FROM ledger_reason)) AS fitting
      FROM ledger_transaction t LEFT JOIN together g ON g.transaction_id = t.id
     WHERE t.xid >= {since}
), line AS (
    SELECT f.*, coalesce(lag(f.seq) OVER w = f.seq - 1, false) AS follows, lag(f.id) OVER w AS id_before,
           lag(f.recorded_at) OVER w AS recorded_before, lag(f.balance_after) OVER w AS balance_before,
           lag(f.pending_in_after) OVER w AS pending_in_before, lag(f.pending_out_after) OVER w AS pending_out_before
      FROM known f WHERE f.seq IS NOT NULL WINDOW w AS (PARTITION BY f.account_id ORDER BY f.seq)
), beside AS (
    SELECT l.seq, l.layer, l.id, l.recorded_at, l.balance_after, l.pending_in_after, l.pending_out_after,
           l.follows OR p.id IS NOT NULL OR l.seq = 1 AS numbered, l.amount * l.sign AS change,
           CASE WHEN l.follows THEN l.id_before ELSE p.id END AS id_before,
           CASE WHEN l.follows THEN l.recorded_before ELSE p.recorded_at END AS recorded_before,
           CASE WHEN l.follows THEN l.balance_before ELSE coalesce(p.balance_after, 0) END AS balance_before,
           CASE WHEN l.follows THEN l.pending_in_before ELSE coalesce(p.pending_in_after, 0) END AS pending_in_before,
           CASE WHEN l.follows THEN l.pending_out_before ELSE coalesce(p.pending_out_after, 0) END AS pending_out_before,
           (max(greatest(l.effective_at, s.effective_at)) OVER (
               PARTITION BY l.account_id ORDER BY l.seq ROWS UNBOUNDED PRECEDING) > l.effective_at) = l.backdated AS timely
      FROM line l
      LEFT JOIN LATERAL (SELECT e.* FROM ledger_entry e
                          WHERE NOT l.follows AND e.account_id = l.account_id AND e.seq = l.seq - 1 OFFSET 0) p ON true
      LEFT JOIN LATERAL (SELECT e.effective_at FROM ledger_entry e
                          WHERE NOT l.follows AND e.account_id = l.account_id AND e.seq < l.seq
                          ORDER BY e.effective_at DESC LIMIT 1) s ON true
)
SELECT h.headers = h.fitting
       AND h.entries = (SELECT count(*) FROM fresh)
       AND h.entries = (SELECT count(*) FROM known f WHERE f.seq IS NULL) + (
           SELECT count(*) FROM beside b
            WHERE b.numbered AND b.timely
              AND (b.id_before > b.id) IS NOT TRUE AND (b.recorded_before > b.recorded_at) IS NOT TRUE
              AND b.balance_after = b.balance_before + CASE WHEN b.layer = 0 THEN b.change ELSE 0 END
              AND b.pending_in_after = b.pending_in_before
                  + CASE WHEN b.layer <> 0 AND (b.layer = 1) = (b.change > 0) THEN b.change ELSE 0 END
              AND b.pending_out_after = b.pending_out_before
                  - CASE WHEN b.layer <> 0 AND (b.layer = 1) <> (b.change > 0) THEN b.change ELSE 0 END)
       -- Numbers are compared instead of names: they must not be the same for two currencies.
       AND (SELECT count(*) = count(DISTINCT hashtext(code)) FROM ledger_currency),
       h.entries
  FROM header h
