-- Every entry beside its header, and then the entries of each transaction added up, both in the order of their keys: no
-- look-up, no sorting. There are as many entries as the headers say, each in its place: so each has all of its own.
-- Posted, pending and released are added up apart; only what is in several currencies is added up once more.
SELECT e.entries = e.fitting AND e.entries = (SELECT coalesce(sum(t.legs), 0) FROM ledger_transaction t)
       AND NOT EXISTS (
           SELECT FROM ledger_entry e GROUP BY e.transaction_id
           HAVING sum(e.amount) <> 0 OR sum(e.amount) FILTER (WHERE e.layer <> 0) <> 0
               OR (min(hashtext(e.currency)) <> max(hashtext(e.currency)) AND EXISTS (
                      SELECT FROM ledger_entry x WHERE x.transaction_id = e.transaction_id
                       GROUP BY x.currency, x.layer HAVING sum(x.amount) <> 0)))
       -- Numbers are compared instead of names: they must not be the same for two currencies.
       AND (SELECT count(*) = count(DISTINCT hashtext(code)) FROM ledger_currency),
       e.entries
  FROM (SELECT count(*) AS entries, count(*) FILTER (
                   WHERE e.leg BETWEEN 1 AND t.legs AND e.xid = t.xid AND e.effective_at = t.effective_at
                     AND e.recorded_at >= t.recorded_at
                     AND CASE t.phase WHEN 'single' THEN e.layer = 0 AND t.pending_id IS NULL
                                      WHEN 'pending' THEN e.layer = 1 AND t.pending_id IS NULL
                                      WHEN 'post' THEN e.layer IN (0, 2) AND t.pending_id IS NOT NULL
                                      ELSE e.layer = 2 AND t.pending_id IS NOT NULL END) AS fitting
          FROM ledger_entry e LEFT JOIN ledger_transaction t ON t.id = e.transaction_id) e
