SELECT 'statement', format('%s %s %s', p.label, a.code, a.currency), concat_ws('; ',
       CASE WHEN k.id IS NULL THEN 'entries of a closed period that was closed without them' END,
       CASE WHEN s.entries <> k.entries THEN format('%s entries, %s at closing', s.entries, k.entries) END,
       CASE WHEN s.opening <> k.opening THEN format('opening %s, %s at closing', trim_scale(s.opening),
            trim_scale(k.opening)) END,
       CASE WHEN s.closing <> k.closing THEN format('closing %s, %s at closing', trim_scale(s.closing),
            trim_scale(k.closing)) END,
       CASE WHEN ledger_digest(s.body) <> k.digest THEN 'its text is not what it was' END)
  FROM (SELECT p.id AS period_id, x AS account_id FROM ledger_period p, ledger_accounts_between(p.starts_at, p.ends_at) x
         WHERE p.state = 'closed' AND p.xid >= {since}
         UNION
        SELECT k.period_id, k.account_id FROM ledger_period_account k JOIN ledger_period p ON p.id = k.period_id
         WHERE p.xid >= {since}) due
  JOIN ledger_period p ON p.id = due.period_id
  JOIN ledger_account a ON a.id = due.account_id
 CROSS JOIN LATERAL ledger_statement(due.account_id, due.period_id) s
  LEFT JOIN ledger_period_account k ON k.period_id = due.period_id AND k.account_id = due.account_id
 WHERE (s.entries, s.opening, s.closing, s.pending_in, s.pending_out, ledger_digest(s.body))
       IS DISTINCT FROM (k.entries, k.opening, k.closing, k.pending_in, k.pending_out, k.digest::text)
