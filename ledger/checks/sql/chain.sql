due AS (
    SELECT l.*,
           l.balance_before + CASE WHEN l.layer = 0 THEN l.change ELSE 0 END AS balance_due,
           l.pending_in_before + CASE WHEN l.layer <> 0 AND (l.layer = 1) = (l.change > 0) THEN l.change ELSE 0 END
               AS pending_in_due,
           l.pending_out_before - CASE WHEN l.layer <> 0 AND (l.layer = 1) <> (l.change > 0) THEN l.change ELSE 0 END
               AS pending_out_due
      FROM line l
)
SELECT 'entry', d.id::text, format('%s %s seq %s: ', d.code, d.currency, d.seq) || concat_ws('; ',
       CASE WHEN d.seq <> d.seq_before + 1 THEN format('follows seq %s', d.seq_before) END,
       CASE WHEN d.balance_after <> d.balance_due
            THEN format('balance %s instead of %s', trim_scale(d.balance_after), trim_scale(d.balance_due)) END,
       CASE WHEN d.pending_in_after <> d.pending_in_due
            THEN format('pending in %s instead of %s', trim_scale(d.pending_in_after), trim_scale(d.pending_in_due)) END,
       CASE WHEN d.pending_out_after <> d.pending_out_due
            THEN format('pending out %s instead of %s', trim_scale(d.pending_out_after), trim_scale(d.pending_out_due)) END,
       CASE WHEN d.backdated <> d.late THEN format('backdated is %s', d.backdated) END,
       CASE WHEN d.recorded_before > d.recorded_at THEN 'recorded before its predecessor' END,
       CASE WHEN d.id_before > d.id THEN 'written before its predecessor' END,
       CASE WHEN d.last AND d.balance_after - d.pending_out_after < d.floor THEN 'below the floor' END)
  FROM due d
 WHERE d.seq <> d.seq_before + 1 OR d.balance_after <> d.balance_due OR d.pending_in_after <> d.pending_in_due
    OR d.pending_out_after <> d.pending_out_due OR d.backdated <> d.late OR d.recorded_before > d.recorded_at
    OR d.id_before > d.id OR (d.last AND d.balance_after - d.pending_out_after < d.floor)
