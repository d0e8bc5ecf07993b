SELECT 'period', p.label, concat_ws('; ',
       CASE WHEN p.trial_digest <> ledger_digest(ledger_trial_balance(p.id)) THEN 'its trial balance is not what it was' END,
       CASE WHEN p.digest <> ledger_period_digest(p.id, p.trial_digest) THEN 'its digest is not that of its statements' END,
       CASE WHEN p.entries <> (SELECT coalesce(sum(k.entries), 0) FROM ledger_period_account k WHERE k.period_id = p.id)
            THEN 'it counts other entries' END,
       CASE WHEN p.kind = 'day' AND p.ends_at > e.closed_before THEN 'its day is open again' END)
  FROM ledger_period p JOIN ledger_entity e ON e.id = p.entity_id
 WHERE p.state = 'closed' AND p.xid >= {since}
   AND (p.trial_digest <> ledger_digest(ledger_trial_balance(p.id))
        OR p.digest <> ledger_period_digest(p.id, p.trial_digest)
        OR p.entries <> (SELECT coalesce(sum(k.entries), 0) FROM ledger_period_account k WHERE k.period_id = p.id)
        OR (p.kind = 'day' AND (p.ends_at > e.closed_before) IS NOT FALSE))
UNION ALL
SELECT 'period', p.label, format('days were closed out of order, or one is missing before it')
  FROM (SELECT x.*, lag(x.ends_at) OVER (ORDER BY x.starts_at) AS before FROM ledger_period x
         WHERE x.kind = 'day' AND x.state = 'closed') p
 WHERE p.before <> p.starts_at
UNION ALL
SELECT 'legal entity', e.id::text, format('closed before %s, the last closed day ends %s', e.closed_before, d.ends_at)
  FROM ledger_entity e, (SELECT max(x.ends_at) AS ends_at FROM ledger_period x WHERE x.kind = 'day' AND x.state = 'closed') d
 WHERE e.closed_before IS DISTINCT FROM d.ends_at
