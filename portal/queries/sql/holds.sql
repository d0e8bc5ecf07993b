-- Holds that the firm placed by itself; those of withdrawals, disputes and refunds are told by these.
SELECT 'hold' AS noun, h.id, NULL::timestamptz AS at, h.state::text AS state,
       jsonb_build_object('amount', h.amount::text, 'currency', a.currency, 'kind', h.kind,
                          'expires_at', h.expires_at, 'ended_at', h.ended_at) AS facts
  FROM ledger_account a
  JOIN ledger_hold h ON h.wallet_id = a.id
 WHERE a.owner = %(owner)s::text AND a.owner <> '' AND h.kind NOT IN ('withdrawal', 'dispute')
   AND NOT EXISTS (SELECT 1 FROM payments_deposit d JOIN payments_refund r ON r.deposit_id = d.id
                    WHERE d.client_id = %(client)s::uuid AND r.hold_id = h.id)
   AND h.id {beyond} %(bound)s::uuid AND h.id >= %(lower_id)s::uuid AND h.id < %(upper_id)s::uuid
   AND h.state = ANY(%(hold_states)s::text[])
   AND (%(currency)s::text = '' OR a.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR h.amount = %(amount)s::numeric OR h.id = %(key)s::uuid)
 ORDER BY h.id {order}
 LIMIT %(limit)s::int
