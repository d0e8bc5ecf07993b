SELECT 'entry', e.id::text, format('leg %s of transaction %s: ', e.leg, e.transaction_id) || concat_ws('; ',
       CASE WHEN t.id IS NULL THEN 'the transaction is missing' END,
       CASE WHEN e.xid <> t.xid THEN 'written by another database transaction' END,
       CASE WHEN e.effective_at <> t.effective_at THEN 'its effective time is not the transaction''s' END,
       CASE WHEN e.recorded_at < t.recorded_at THEN 'recorded before the transaction' END,
       CASE WHEN NOT l.fits THEN format('layer %s in a %s transaction', e.layer, t.phase) END,
       CASE WHEN NOT l.resolves THEN format('its %s transaction resolves %s', t.phase,
                                            coalesce(t.pending_id::text, 'nothing')) END)
  FROM ledger_entry e
  LEFT JOIN ledger_transaction t ON t.id = e.transaction_id
 CROSS JOIN LATERAL (SELECT CASE t.phase WHEN 'single' THEN e.layer = 0 WHEN 'pending' THEN e.layer = 1
                                         WHEN 'post' THEN e.layer IN (0, 2) ELSE e.layer = 2 END AS fits,
                            (t.pending_id IS NULL) = (t.phase IN ('single', 'pending')) AS resolves) l
 WHERE e.xid >= {since}
   AND (t.id IS NULL OR e.xid <> t.xid OR e.effective_at <> t.effective_at OR e.recorded_at < t.recorded_at
        OR NOT l.fits OR NOT l.resolves)
