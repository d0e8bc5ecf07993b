SELECT 'conversion' AS noun, x.id, NULL::timestamptz AS at, 'converted' AS state,
       jsonb_build_object(
           'amount', q.sell_amount::text, 'currency', q.sell_currency, 'bought', q.buy_amount::text,
           'bought_currency', q.buy_currency, 'spread', q.spread::text, 'rate', q.rate::text,
           'spread_bps', q.spread_bps::text, 'converted_at', x.converted_at, 'transaction', x.transaction_id,
           'quote', q.id) AS facts
  FROM payments_conversion x
  JOIN payments_fxquote q ON q.id = x.quote_id
 WHERE x.client_id = %(client)s::uuid
   AND x.id {beyond} %(bound)s::uuid AND x.id >= %(lower_id)s::uuid AND x.id < %(upper_id)s::uuid
   AND 'converted' = ANY(%(conversion_states)s::text[])
   AND (%(currency)s::text = '' OR %(currency)s::text IN (q.sell_currency, q.buy_currency))
   AND (%(q)s::text = '' OR q.sell_amount = %(amount)s::numeric OR q.buy_amount = %(amount)s::numeric
        OR x.id = %(key)s::uuid OR x.transaction_id = %(key)s::uuid)
 ORDER BY x.id {order}
 LIMIT %(limit)s::int
