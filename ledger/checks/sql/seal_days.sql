WITH root AS (
    SELECT r.*, lag(r.last) OVER (ORDER BY r.first) AS last_before,
           (SELECT count(*) FROM ledger_seal s WHERE s.number BETWEEN r.first AND r.last
               AND (s.sealed_at AT TIME ZONE 'UTC')::date = r.day) AS links
      FROM ledger_seal_root r
)
SELECT 'day', r.day::text, format('#%s to #%s: ', r.first, r.last) || concat_ws('; ',
       CASE WHEN r.first <> coalesce(r.last_before, 0) + 1
            THEN format('the root before ends at #%s', coalesce(r.last_before, 0)) END,
       CASE WHEN r.links <> r.last - r.first + 1 THEN format('%s links of that day', r.links) END,
       CASE WHEN r.root IS DISTINCT FROM ledger_seal_merkle(r.first, r.last) THEN 'its root is another one' END)
  FROM root r
 WHERE r.first <> coalesce(r.last_before, 0) + 1 OR r.links <> r.last - r.first + 1
    OR r.root IS DISTINCT FROM ledger_seal_merkle(r.first, r.last)
 ORDER BY r.first
