-- New links, each beside the one before it, whenever that was made, and beside what it sealed as that stands now.
WITH link AS (
    SELECT s.*, p.number AS number_before, p.hash AS hash_before, p.sealed_at AS time_before,
           CASE s.kind WHEN 'event' THEN sha256(array_send(e.fields))
                       ELSE sha256(array_send(t.fields) || n.content) END AS content
      FROM ledger_seal s
      LEFT JOIN ledger_seal p ON p.number = s.number - 1
      LEFT JOIN ledger_seal_event_content e ON e.id = s.event_id
      LEFT JOIN ledger_seal_transaction_content t ON t.id = s.transaction_id
      LEFT JOIN LATERAL (SELECT string_agg(array_send(x.fields), ''::bytea ORDER BY x.leg, x.id) AS content
                           FROM ledger_seal_entry_content x WHERE x.transaction_id = s.transaction_id) n ON true
     WHERE s.xid >= {since}
)
