-- Accounts that only pass money on (clearing, reserve, payout, suspense) and are not empty, oldest open amount first: so
-- many of them, and how many there are (a window counts before LIMIT cuts).
-- What is open is taken to be what came last (first in, first out); `beyond` when even the last 2000 entries of the
-- open side do not cover it, so that it is at least as old as `since`.
SELECT a.id, a.code, a.currency, a.kind, n.balance, o.since, o.covered < abs(n.balance) AS beyond, u.lines,
       count(*) OVER () AS accounts
  FROM ledger_account a
  CROSS JOIN LATERAL ledger_balance_now(a.id) n
  CROSS JOIN LATERAL (
      SELECT min(s.effective_at) FILTER (WHERE s.newer < abs(n.balance)) AS since, max(s.newer + s.amount) AS covered
        FROM (SELECT e.effective_at, abs(e.amount) AS amount,
                     sum(abs(e.amount)) OVER (ORDER BY e.effective_at DESC, e.id DESC) - abs(e.amount) AS newer
                FROM (SELECT x.id, x.effective_at, x.amount FROM ledger_entry x
                       WHERE x.account_id = a.id AND x.layer = 0 AND sign(x.amount * a.sign) = sign(n.balance)
                       ORDER BY x.effective_at DESC, x.id DESC LIMIT 2000) e) s) o
  CROSS JOIN LATERAL (
      SELECT count(*) AS lines FROM reconciliation_externalrecord r
       WHERE r.state = 'unmatched' AND r.currency = a.currency
         AND r.source = 'psp:' || split_part(a.code, '/', 2) AND a.code LIKE 'psp/%%') u
 WHERE a.kind IN ('psp_clearing', 'psp_reserve', 'psp_payout', 'suspense') AND n.balance <> 0
 ORDER BY o.since NULLS LAST, a.code, a.currency
 LIMIT %s
