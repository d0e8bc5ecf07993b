SELECT 'deposit' AS noun, d.id, NULL::timestamptz AS at, d.state::text AS state,
       jsonb_build_object(
           'amount', d.amount::text, 'currency', d.currency, 'captured', d.captured::text,
           'refunded', d.refunded::text, 'rail', d.rail, 'failure_code', d.failure_code, 'expires_at', d.expires_at,
           'captured_at', d.captured_at, 'updated_at', d.updated_at, 'can_pay', d.checkout_url <> '',
           'provider_reference', d.provider_reference, 'charge_reference', d.charge_reference) AS facts
  FROM payments_deposit d
 WHERE d.client_id = %(client)s::uuid
   AND d.id {beyond} %(bound)s::uuid AND d.id >= %(lower_id)s::uuid AND d.id < %(upper_id)s::uuid
   AND d.state = ANY(%(deposit_states)s::text[])
   AND (%(currency)s::text = '' OR d.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR d.amount = %(amount)s::numeric OR d.captured = %(amount)s::numeric
        OR d.id = %(key)s::uuid OR d.provider_reference ILIKE %(like)s::text
        OR d.charge_reference ILIKE %(like)s::text)
 ORDER BY d.id {order}
 LIMIT %(limit)s::int
