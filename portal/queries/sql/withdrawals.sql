SELECT 'withdrawal' AS noun, w.id, NULL::timestamptz AS at, w.state::text AS state,
       jsonb_build_object(
           'amount', w.amount::text, 'fee', w.fee::text, 'currency', w.currency, 'expected_by', w.expected_by,
           'paid_at', w.paid_at, 'ended_at', w.ended_at, 'updated_at', w.updated_at, 'reason_code', w.reason_code,
           'client_message', w.client_message, 'provider_reference', w.provider_reference, 'hold', w.hold_id,
           'iban', m.iban, 'last4', m.last4, 'holder', m.holder_name,
           'end_to_end', (SELECT t.end_to_end_id FROM payments_withdrawalattempt t
                           WHERE t.withdrawal_id = w.id ORDER BY t.number DESC LIMIT 1)) AS facts
  FROM payments_withdrawal w
  JOIN payments_paymentmethod m ON m.id = w.payment_method_id
 WHERE w.client_id = %(client)s::uuid
   AND w.id {beyond} %(bound)s::uuid AND w.id >= %(lower_id)s::uuid AND w.id < %(upper_id)s::uuid
   AND w.state = ANY(%(withdrawal_states)s::text[])
   AND (%(currency)s::text = '' OR w.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR w.amount = %(amount)s::numeric OR w.amount - w.fee = %(amount)s::numeric
        OR w.id = %(key)s::uuid OR w.provider_reference ILIKE %(like)s::text OR m.last4 = %(q)s::text
        OR m.holder_name ILIKE %(like)s::text
        OR EXISTS (SELECT 1 FROM payments_withdrawalattempt t
                    WHERE t.withdrawal_id = w.id AND t.end_to_end_id ILIKE %(like)s::text))
 ORDER BY w.id {order}
 LIMIT %(limit)s::int
