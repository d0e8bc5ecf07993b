SELECT CASE WHEN l.event_id IS NULL THEN 'transaction' ELSE 'event' END,
       coalesce(l.event_id::text, l.transaction_id::text), format('sealed as #%s: ', l.number) || concat_ws('; ',
       CASE WHEN l.number <> coalesce(l.number_before, 0) + 1
            THEN format('follows #%s, links between are missing', coalesce(l.number_before, 0)) END,
       CASE WHEN l.previous <> coalesce(l.hash_before, decode(repeat('00', 32), 'hex'))
            THEN 'its link does not name the one before it' END,
       CASE WHEN l.content IS NULL THEN 'the row or its entries are missing'
            WHEN l.hash <> ledger_seal_link(l.number, l.xid, l.previous, l.content, l.sealed_at)
            THEN 'the row or its link is not what was sealed' END,
       CASE WHEN l.sealed_at < l.time_before THEN 'sealed before its predecessor' END)
  FROM link l
 WHERE l.number <> coalesce(l.number_before, 0) + 1 OR l.content IS NULL OR l.format <> 1
    OR l.previous <> coalesce(l.hash_before, decode(repeat('00', 32), 'hex'))
    OR l.hash <> ledger_seal_link(l.number, l.xid, l.previous, l.content, l.sealed_at)
    OR l.sealed_at < l.time_before
 ORDER BY l.number
