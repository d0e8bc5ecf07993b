SELECT 'event', e.id::text, concat_ws('; ',
       CASE WHEN e.id > s.last THEN format('its number was never given out, the last one is %s', s.last) END,
       CASE WHEN '' IN (e.type, e.object_ref, e.actor) THEN 'type, object or actor is empty' END)
  FROM ledger_event e,
       (SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('ledger_event', 'id')), 0) AS last) s
 WHERE e.id > s.last OR '' IN (e.type, e.object_ref, e.actor)
