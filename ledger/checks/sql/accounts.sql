SELECT 'account', a.id::text, format('%s %s is not what the chart says: %s, %s, owner %s, floor %s, exponent %s',
       a.code, a.currency, a.kind, a.category, coalesce(nullif(a.owner, ''), 'none'),
       coalesce(trim_scale(a.floor)::text, 'none'), a.exponent)
  FROM ledger_account a
  LEFT JOIN ledger_kind k ON k.name = a.kind AND a.code ~ ('^(?:' || k.pattern || ')$')
  LEFT JOIN ledger_currency c ON c.code = a.currency
 WHERE (a.category, a.sign, a.running, a.floor, a.exponent, a.owner)
       IS DISTINCT FROM (k.category, k.sign, k.running, k.floor, c.exponent,
                         CASE WHEN a.code LIKE 'client/%' THEN split_part(a.code, '/', 2) ELSE '' END)
