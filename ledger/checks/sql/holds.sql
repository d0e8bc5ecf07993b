WITH touched AS (
    SELECT DISTINCT t.moves_hold_id AS id FROM ledger_transaction t
     WHERE t.moves_hold_id IS NOT NULL AND t.xid >= {since}
), moved AS (
    SELECT h.id, coalesce(sum(e.amount) FILTER (WHERE t.id = h.placed_by_id), 0) AS placed,
           coalesce(-sum(e.amount) FILTER (WHERE t.reason = 'HOLD_RELEASED'), 0) AS released,
           coalesce(-sum(e.amount) FILTER (
               WHERE t.id <> h.placed_by_id AND t.reason <> 'HOLD_RELEASED'), 0) AS captured,
           (array_agg(CASE WHEN (t.source_system, t.source_kind) = ('ledger', 'hold_expiry') THEN 'expired'
                           WHEN t.reason = 'HOLD_RELEASED' THEN 'released' ELSE 'captured' END
                      ORDER BY e.seq DESC))[1] AS last
      FROM touched o JOIN ledger_hold h ON h.id = o.id
      JOIN ledger_transaction t ON t.moves_hold_id = h.id
      JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = h.held_account_id
     GROUP BY h.id
)
SELECT 'hold', o.id::text, format('%s %s: kept as %s placed, %s captured, %s released; entries say %s, %s, %s',
       h.kind, h.state, trim_scale(h.amount), trim_scale(h.captured), trim_scale(h.released),
       trim_scale(m.placed), trim_scale(m.captured), trim_scale(m.released))
  FROM touched o LEFT JOIN ledger_hold h ON h.id = o.id LEFT JOIN moved m ON m.id = o.id
 WHERE (h.amount, h.captured, h.released) IS DISTINCT FROM (m.placed, m.captured, m.released)
    OR h.state IS DISTINCT FROM CASE
           WHEN m.captured + m.released = m.placed THEN m.last
           WHEN m.captured > 0 THEN 'partly_captured' ELSE 'active' END
