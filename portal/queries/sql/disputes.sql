SELECT 'dispute' AS noun, s.id, NULL::timestamptz AS at, s.state::text AS state,
       jsonb_build_object('amount', s.amount::text, 'currency', s.currency, 'updated_at', s.updated_at,
                          'ended_at', s.ended_at, 'withdrawn_at', s.withdrawn_at, 'deposit', s.deposit_id,
                          'provider_reference', s.provider_reference) AS facts
  FROM payments_deposit d
  JOIN payments_dispute s ON s.deposit_id = d.id
 WHERE d.client_id = %(client)s::uuid
   AND s.id {beyond} %(bound)s::uuid AND s.id >= %(lower_id)s::uuid AND s.id < %(upper_id)s::uuid
   AND s.state = ANY(%(dispute_states)s::text[])
   AND (%(currency)s::text = '' OR s.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR s.amount = %(amount)s::numeric OR s.id = %(key)s::uuid
        OR s.provider_reference ILIKE %(like)s::text)
 ORDER BY s.id {order}
 LIMIT %(limit)s::int
