-- A conversion is what its quote said, whoever writes it: the quote is this client's, at the price of the published
-- rates that it names, and had not expired; the transaction's entries are the quote's amounts and nothing else.

-- The public id of a key, as `ledger.ids` writes it: 130 bits, highest first, as 26 digits of Crockford's base 32.
CREATE FUNCTION payments_public_id(prefix text, key uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT prefix || '_' || string_agg(
               substr('0123456789abcdefghjkmnpqrstvwxyz',
                      1 + substring('00' || ('x' || replace(key::text, '-', ''))::bit(128)::text
                                    FROM place * 5 + 1 FOR 5)::bit(5)::int, 1), '' ORDER BY place)
      FROM generate_series(0, 25) AS place
$$;

-- Where the entries of a conversion's transaction are not those of its quote: account, currency, expected, found.
CREATE FUNCTION payments_conversion_differences(p_quote uuid, p_transaction uuid)
RETURNS TABLE (account text, currency text, expected numeric, found numeric)
LANGUAGE sql STABLE AS $$
    WITH quoted AS (
        SELECT x.account::text, x.currency::text, sum(x.amount) AS amount
          FROM payments_fxquote q
          CROSS JOIN LATERAL (VALUES
              ('client/' || payments_public_id('cl', q.client_id) || '/wallet', q.sell_currency, -q.sell_amount),
              ('house/fx', q.sell_currency, q.position_sell),
              ('house/rounding', q.sell_currency, q.residue_sell),
              ('house/fx', q.buy_currency, -q.position_buy),
              ('house/fx-spread', q.buy_currency, q.spread),
              ('house/rounding', q.buy_currency, q.residue_buy),
              ('client/' || payments_public_id('cl', q.client_id) || '/wallet', q.buy_currency, q.buy_amount)
          ) AS x (account, currency, amount)
         WHERE q.id = p_quote AND x.amount <> 0
         GROUP BY x.account, x.currency),
    booked AS (
        SELECT a.code::text AS account, e.currency::text, sum(e.amount) AS amount
          FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.transaction_id = p_transaction AND e.layer = 0
         GROUP BY a.code, e.currency)
    SELECT coalesce(quoted.account, booked.account), coalesce(quoted.currency, booked.currency),
           coalesce(quoted.amount, 0), coalesce(booked.amount, 0)
      FROM quoted FULL JOIN booked ON quoted.account = booked.account AND quoted.currency = booked.currency
     WHERE quoted.amount IS DISTINCT FROM booked.amount
$$;

-- What is wrong with a quote, in words; NULL when its amounts add up and its price is that of its rates.
CREATE FUNCTION payments_fxquote_problem(p_quote uuid) RETURNS text
LANGUAGE sql STABLE AS $$
    WITH priced AS (
        SELECT exp(sum(CASE WHEN s.inverted THEN -ln(r.value) ELSE ln(r.value) END)) AS price,
               bool_or(r.held_for <> '' AND d.decision IS DISTINCT FROM 'confirmed') AS held,
               max(r.published_at) AS published_at
          FROM payments_fxquoterate s
          JOIN payments_rate r ON r.id = s.rate_id
          LEFT JOIN payments_ratedecision d ON d.rate_id = r.id
         WHERE s.quote_id = p_quote)
    SELECT CASE WHEN p.price IS NULL THEN 'has no rates'
                WHEN p.held THEN 'was made from a rate that nobody had confirmed'
                WHEN p.published_at > q.created_at THEN 'was made from a rate that was not published yet'
                WHEN abs(q.mid_rate / p.price - 1) > 1e-9 THEN 'is not at the price of its rates'
                WHEN q.rate > p.price * (1 - q.spread_bps / 10000) * (1 + 1e-12) THEN 'gives less spread than it says'
                WHEN q.sell_amount <> q.position_sell + q.residue_sell
                     OR q.position_buy <> q.buy_amount + q.spread + q.residue_buy
                     OR q.buy_amount > q.sell_amount * q.rate THEN 'does not add up'
                WHEN abs(q.position_sell * p.price - q.position_buy)
                     > p.price * unit.sold + unit.bought + q.position_buy * 1e-9
                     THEN 'moves more or less than its price' END
      FROM payments_fxquote q
      CROSS JOIN priced p
      CROSS JOIN LATERAL (
          SELECT power(10::numeric, -s.exponent) AS sold, power(10::numeric, -b.exponent) AS bought
            FROM ledger_currency s, ledger_currency b
           WHERE s.code = q.sell_currency AND b.code = q.buy_currency) unit
     WHERE q.id = p_quote
$$;

CREATE FUNCTION payments_conversion_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    q payments_fxquote%ROWTYPE;
BEGIN
    SELECT * INTO q FROM payments_fxquote WHERE id = NEW.quote_id;
    IF q.client_id IS DISTINCT FROM NEW.client_id THEN
        PERFORM ledger_refuse('not_found', '{"param": "quote"}');
    END IF;
    IF NEW.converted_at < q.created_at OR NEW.converted_at >= q.expires_at THEN
        PERFORM ledger_refuse('quote_expired', jsonb_build_object('param', 'quote'));
    END IF;
    IF payments_fxquote_problem(NEW.quote_id) IS NOT NULL THEN
        PERFORM ledger_refuse('invalid_request', '{"param": "quote"}');
    END IF;
    IF NOT EXISTS (SELECT FROM ledger_transaction t
                    WHERE t.id = NEW.transaction_id AND t.reason = 'FX_CONVERSION' AND t.phase = 'single') THEN
        PERFORM ledger_refuse('invalid_request', '{"param": "transaction"}');
    END IF;
    IF EXISTS (SELECT FROM payments_conversion_differences(NEW.quote_id, NEW.transaction_id)) THEN
        PERFORM ledger_refuse('unbalanced', jsonb_build_object('param', 'transaction'));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER conversion_is_its_quote AFTER INSERT ON payments_conversion
    FOR EACH ROW EXECUTE FUNCTION payments_conversion_guard();
CREATE TRIGGER conversion_append_only BEFORE UPDATE OR DELETE ON payments_conversion
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
