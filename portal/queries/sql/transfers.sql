SELECT 'transfer' AS noun, x.id, NULL::timestamptz AS at, x.state::text AS state,
       jsonb_build_object(
           'amount', x.amount::text, 'currency', x.currency, 'direction', x.direction, 'platform', t.platform,
           'login', t.login, 'from_pocket', x.from_pocket, 'to_pocket', x.to_pocket, 'sent_at', x.sent_at, 'asked_at', x.asked_at, 'ended_at', x.ended_at,
           'updated_at', x.updated_at, 'reason_code', x.reason_code, 'ticket', x.platform_ticket) AS facts
  FROM payments_transfer x
  LEFT JOIN payments_tradingaccount t ON t.id = x.trading_account_id
 WHERE x.client_id = %(client)s::uuid
   AND x.id {beyond} %(bound)s::uuid AND x.id >= %(lower_id)s::uuid AND x.id < %(upper_id)s::uuid
   AND x.state = ANY(%(transfer_states)s::text[])
   AND (%(currency)s::text = '' OR x.currency = %(currency)s::text)
   AND (%(q)s::text = '' OR x.amount = %(amount)s::numeric OR x.id = %(key)s::uuid
        OR x.platform_ticket ILIKE %(like)s::text OR t.login = %(q)s::text
        OR %(q)s::text IN (nullif(x.from_pocket, ''), nullif(x.to_pocket, '')))
 ORDER BY x.id {order}
 LIMIT %(limit)s::int
