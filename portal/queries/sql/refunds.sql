SELECT 'refund' AS noun, r.id, NULL::timestamptz AS at, r.state::text AS state,
       jsonb_build_object('amount', r.amount::text, 'currency', r.currency, 'updated_at', r.updated_at,
                          'deposit', r.deposit_id, 'provider_reference', r.provider_reference) AS facts
  FROM payments_deposit d
  JOIN payments_refund r ON r.deposit_id = d.id
 WHERE d.client_id = %(client)s::uuid
   AND r.id {beyond} %(bound)s::uuid AND r.id >= %(lower_id)s::uuid AND r.id < %(upper_id)s::uuid
   AND r.state = ANY(%(refund_states)s::text[])
   AND (%(currency)s::text = '' OR r.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR r.amount = %(amount)s::numeric OR r.id = %(key)s::uuid
        OR r.provider_reference ILIKE %(like)s::text)
 ORDER BY r.id {order}
 LIMIT %(limit)s::int
