WITH priced AS (
    SELECT q.id, exp(sum(CASE WHEN s.inverted THEN -ln(r.value) ELSE ln(r.value) END)) AS price,
           bool_or(r.held_for <> '' AND d.decision IS DISTINCT FROM 'confirmed') AS held,
           bool_or(r.published_at > q.created_at) AS early
      FROM payments_fxquote q
      JOIN payments_fxquoterate s ON s.quote_id = q.id
      JOIN payments_rate r ON r.id = s.rate_id
      LEFT JOIN payments_ratedecision d ON d.rate_id = r.id
     GROUP BY q.id)
SELECT 'quote', q.id::text,
       CASE WHEN p.id IS NULL THEN 'has no rates'
            WHEN p.held THEN 'was made from a rate that nobody had confirmed'
            WHEN p.early THEN 'was made from a rate that was not published yet'
            WHEN abs(q.mid_rate / p.price - 1) > 1e-9 THEN 'is not at the price of its rates'
            WHEN q.rate > p.price * (1 - q.spread_bps / 10000) * (1 + 1e-12) THEN 'gives less spread than it says'
            ELSE 'does not add up' END
  FROM payments_fxquote q
  LEFT JOIN priced p ON p.id = q.id
 WHERE {since} >= 0
   AND (p.id IS NULL OR p.held OR p.early
        OR abs(q.mid_rate / p.price - 1) > 1e-9
        OR q.rate > p.price * (1 - q.spread_bps / 10000) * (1 + 1e-12)
        OR q.sell_amount <> q.position_sell + q.residue_sell
        OR q.position_buy <> q.buy_amount + q.spread + q.residue_buy
        OR q.buy_amount > q.sell_amount * q.rate)
