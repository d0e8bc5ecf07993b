SELECT x.object, x.key, format('its database transaction %s is beyond %s: was the database restored from a dump?',
       x.xid, pg_snapshot_xmax(pg_current_snapshot()))
  FROM (SELECT 'transaction' AS object, id::text AS key, xid FROM ledger_transaction WHERE xid >= {since}
        UNION ALL SELECT 'entry', id::text, xid FROM ledger_entry WHERE xid >= {since}
        UNION ALL SELECT 'event', id::text, xid FROM ledger_event) x
 WHERE x.xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
   AND x.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint
