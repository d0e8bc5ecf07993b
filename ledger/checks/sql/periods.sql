-- The trial balance of a day is looked at until its month is closed, then that of the month speaks for it: adding up all
-- accounts for every day of ten years would take longer than a night. The statements of every day are always looked at.
SELECT 'period', p.label, concat_ws('; ',
       CASE WHEN f.trial THEN 'its trial balance is not what it was' END,
       CASE WHEN f.digest THEN 'its digest is not that of its statements' END,
       CASE WHEN f.entries THEN 'it counts other entries' END,
       CASE WHEN f.reopened THEN 'its day is open again' END)
  FROM ledger_period p
  JOIN ledger_entity e ON e.id = p.entity_id
 CROSS JOIN LATERAL (
       SELECT CASE WHEN p.kind = 'month' OR NOT EXISTS (
                            SELECT 1 FROM ledger_period m WHERE m.kind = 'month' AND m.state = 'closed'
                                                            AND m.starts_at <= p.starts_at AND m.ends_at >= p.ends_at)
                   THEN p.trial_digest <> ledger_digest(ledger_trial_balance(p.id)) END AS trial,
              p.digest <> ledger_period_digest(p.id, p.trial_digest) AS digest,
              p.entries <> (SELECT coalesce(sum(k.entries), 0) FROM ledger_period_account k WHERE k.period_id = p.id)
                  AS entries,
              p.kind = 'day' AND (p.ends_at > e.closed_before) IS NOT FALSE AS reopened) f
 WHERE p.state = 'closed' AND p.xid >= {since} AND (f.trial OR f.digest OR f.entries OR f.reopened)
UNION ALL
SELECT 'period', p.label, 'days were closed out of order, or one is missing before it'
  FROM (SELECT x.label, x.starts_at, lag(x.ends_at) OVER (ORDER BY x.starts_at) AS before FROM ledger_period x
         WHERE x.kind = 'day' AND x.state = 'closed') p
 WHERE p.before <> p.starts_at
UNION ALL
SELECT 'legal entity', e.id::text, format('closed before %s, the last closed day ends %s', e.closed_before, d.ends_at)
  FROM ledger_entity e,
       (SELECT max(x.ends_at) AS ends_at FROM ledger_period x WHERE x.kind = 'day' AND x.state = 'closed') d
 WHERE e.closed_before IS DISTINCT FROM d.ends_at
