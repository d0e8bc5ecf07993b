-- Entries on a client's wallet, pockets, bonus and debt that no deposit, withdrawal, transfer or other movement tells.
SELECT 'entry' AS noun, line.id, line.at, 'posted' AS state, line.facts
  FROM ledger_account a
  CROSS JOIN LATERAL (
      SELECT lpad(to_hex(e.id), 32, '0')::uuid AS id, e.effective_at AS at,
             jsonb_build_object(
                 'amount', e.amount::text, 'currency', a.currency, 'reason', x.reason, 'kind', a.kind,
                 'transaction', x.id, 'reverses', x.reverses_id, 'source_id', x.source_id, 'platform', split_part(a.code, '/', 4),
                 'login', split_part(a.code, '/', 5),
                 'pocket', CASE WHEN a.kind = 'pocket' THEN split_part(a.code, '/', 4) END,
                 'adjustment', (SELECT j.id FROM payments_adjustment j WHERE j.transaction_id = x.id)) AS facts
        FROM ledger_entry e
        JOIN ledger_transaction x ON x.id = e.transaction_id
       WHERE e.account_id = a.id AND e.layer = 0 AND x.reason = ANY(%(reasons)s::text[])
         AND e.effective_at >= %(lower)s::timestamptz AND e.effective_at < %(upper)s::timestamptz
         AND (e.effective_at, lpad(to_hex(e.id), 32, '0')::uuid) {beyond} (%(at)s::timestamptz, %(id)s::uuid)
         AND (x.reason <> 'CLIENT_INTERNAL_TRANSFER'
              OR NOT EXISTS (SELECT 1 FROM payments_transfer t
                              WHERE t.pending_transaction_id = coalesce(x.pending_id, x.id)))
         AND (x.reason <> 'FX_CONVERSION'
              OR NOT EXISTS (SELECT 1 FROM payments_conversion c WHERE c.transaction_id = x.id))
         AND (a.kind <> 'debt' OR x.reason = ANY(%(debt_reasons)s::text[]))
         AND (%(q)s::text = '' OR abs(e.amount) = %(amount)s::numeric OR x.id = %(key)s::uuid
              OR x.source_id ILIKE %(like)s::text)
       ORDER BY e.effective_at {order}, e.id {order}
       LIMIT %(limit)s::int) line
 WHERE a.owner = %(owner)s::text AND a.owner <> '' AND a.kind IN ('wallet', 'pocket', 'bonus', 'debt')
   AND (%(currency)s::text = '' OR a.currency = %(currency)s::text)
 ORDER BY line.at {order}, line.id {order}
 LIMIT %(limit)s::int
