-- Every link beside the one before and the one after, and beside what it sealed as that stands now.
WITH entries AS (
    SELECT transaction_id, string_agg(array_send(fields), ''::bytea ORDER BY leg, id) AS content
      FROM ledger_seal_entry_content GROUP BY transaction_id
), link AS (
    SELECT s.*, lag(s.number) OVER line AS number_before, lag(s.hash) OVER line AS hash_before,
           lag(s.sealed_at) OVER line AS time_before,
           CASE s.kind WHEN 'event' THEN sha256(array_send(e.fields))
                       ELSE sha256(array_send(t.fields) || n.content) END AS content
      FROM ledger_seal s
      LEFT JOIN ledger_seal_event_content e ON e.id = s.event_id
      LEFT JOIN ledger_seal_transaction_content t ON t.id = s.transaction_id
      LEFT JOIN entries n ON n.transaction_id = s.transaction_id
    WINDOW line AS (ORDER BY s.number)
)
