SELECT 'monitor', m.id::text,
       format('was at %s below transaction number %s, its entries make %s', trim_scale(m.value), m.horizon,
              trim_scale(s.value))
  FROM ledger_balance_monitor m
  LEFT JOIN ledger_account a ON a.id = m.account_id
  -- The sign of a sum follows from the words of its scope: ledger.scopes.Scope.sign.
  LEFT JOIN ledger_kind k ON k.name = coalesce(a.kind, nullif(m.kind, ''))
  LEFT JOIN LATERAL (SELECT c.sign FROM ledger_kind c
                      WHERE m.prefix <> '' AND m.prefix ~ ('^(?:' || c.pattern || ')$') LIMIT 1) p ON true
 CROSS JOIN LATERAL (SELECT coalesce(k.sign,
                                     CASE WHEN m.category IN ('asset', 'expense') THEN -1
                                          WHEN m.category <> '' THEN 1 END,
                                     p.sign,
                                     CASE WHEN split_part(m.prefix, '/', 1) IN ('bank', 'psp') THEN -1 ELSE 1 END) AS sign) w
 CROSS JOIN LATERAL (SELECT coalesce(w.sign * sum(e.amount), 0) AS value
                       FROM ledger_entry e JOIN ledger_account x ON x.id = e.account_id
                      WHERE e.xid < m.horizon AND x.currency = m.currency
                        AND (m.account_id IS NULL OR x.id = m.account_id)
                        AND (m.category = '' OR x.category = m.category) AND (m.kind = '' OR x.kind = m.kind)
                        AND (m.prefix = '' OR x.code = m.prefix OR starts_with(x.code, m.prefix || '/'))
                        AND (e.layer = 0 OR m.measure = 'available' AND (e.layer = 1) = (e.amount * x.sign < 0))) s
 WHERE s.value <> m.value
