-- Taking back what was posted: in full, in part, again and again until nothing of the original is left.

-- Lock an original for a reversal, before any balance row, and answer its own reversal code. Refuses what cannot be
-- reversed, and with p_reason any other code than its own.
CREATE FUNCTION ledger_reversible(p_original uuid, p_reason text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    original record;
BEGIN
    SELECT t.reverses_id, t.moves_hold_id, r.reversal INTO original
      FROM ledger_transaction t JOIN ledger_reason r ON r.code = t.reason WHERE t.id = p_original FOR UPDATE OF t;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('transaction', p_original));
    END IF;
    IF original.reverses_id IS NOT NULL THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'transaction',
            'cause', 'reversal_of_reversal', 'transaction', p_original));
    END IF;
    IF original.moves_hold_id IS NOT NULL THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'transaction',
            'cause', 'moves_hold', 'transaction', p_original));
    END IF;
    IF p_reason <> original.reversal THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'reason', 'transaction', p_original));
    END IF;
    RETURN original.reversal;
END $$;

-- A share of what is left of an original: the part whose credits in one currency are p_amount, each account and side in
-- proportion. What does not divide goes by largest remainder, so every share balances to the last unit, takes from no
-- entry more than is left of it, and the last one leaves nothing. Signed as the original.
CREATE FUNCTION ledger_share(p_original uuid, p_amount numeric, p_currency text)
RETURNS TABLE (ord bigint, account_id bigint, amount numeric) LANGUAGE sql STABLE AS $$
    WITH rest AS (
        SELECT r.*, sign(r.amount) AS side, sum(abs(r.amount)) OVER (PARTITION BY r.currency, sign(r.amount)) AS total,
               ('1e' || r.exponent)::numeric AS units, ('1e-' || r.exponent)::numeric AS unit
          FROM ledger_rest(p_original, 0::smallint) r
    ), part AS (
        SELECT r.*, round(p_amount * r.total / (SELECT max(x.total) FROM rest x WHERE x.currency = p_currency), r.exponent)
                    * r.units AS wanted
          FROM rest r
    ), quota AS (
        SELECT p.*, div(p.wanted * abs(p.amount), p.total) AS floor, mod(p.wanted * abs(p.amount), p.total) AS remainder
          FROM part p
    ), ranked AS (
        SELECT q.*, q.wanted - sum(q.floor) OVER (PARTITION BY q.currency, q.side) AS left_over,
               row_number() OVER (PARTITION BY q.currency, q.side ORDER BY q.remainder DESC, q.ord) AS place
          FROM quota q
    )
    SELECT ord, account_id, side * (floor + CASE WHEN place <= left_over THEN 1 ELSE 0 END) * unit FROM ranked
     WHERE floor > 0 OR place <= left_over
$$;

-- Public: reverse a posted transaction under its reason's own reversal code: wholly, when nothing of it was reversed
-- before; or, with p_rest, whatever is left of it; or the share p_amount of it; or the entries given, which mirror those of
-- the original.
CREATE FUNCTION ledger_reverse(
    p_id uuid, p_original uuid, p_amount numeric, p_currency text, p_accounts bigint[], p_amounts numeric[],
    p_effective timestamptz, p_key text, p_system text, p_kind text, p_source text, p_fingerprint bytea,
    p_description text, p_metadata jsonb, p_rest boolean DEFAULT false,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean, OUT remaining numeric
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_reason text;
    earlier record;
    bad record;
    w record;
    accounts bigint[];
    amounts numeric[];
BEGIN
    IF p_amount <= 0 OR (p_amount IS NULL) <> (p_currency IS NULL) OR (p_amount IS NOT NULL AND p_accounts IS NOT NULL)
       OR cardinality(p_accounts) IS DISTINCT FROM cardinality(p_amounts) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'amount'));
    END IF;
    v_reason := ledger_reversible(p_original);
    SELECT * INTO earlier FROM ledger_existing(p_id, p_key, p_system, p_kind, p_source, p_fingerprint);
    IF earlier.id IS NULL THEN
        IF NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = p_original AND e.layer = 0) THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'transaction',
                'cause', 'nothing_posted', 'transaction', p_original));
        END IF;
        IF p_amount IS NOT NULL THEN
            IF NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = p_original AND e.currency = p_currency)
            THEN
                PERFORM ledger_refuse('currency_mismatch', jsonb_build_object('param', 'amount'));
            END IF;
            SELECT NULL::bigint AS account_id, coalesce(sum(r.amount), 0) AS rest, p_amount AS wanted INTO bad
              FROM ledger_rest(p_original, 0::smallint) r WHERE r.amount > 0 AND r.currency = p_currency;
            SELECT array_agg(s.account_id ORDER BY s.ord), array_agg(-s.amount ORDER BY s.ord) INTO accounts, amounts
              FROM ledger_share(p_original, p_amount, p_currency) s WHERE p_amount <= bad.rest;
        ELSE
            IF p_rest AND p_accounts IS NULL
               AND EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.reverses_id = p_original) THEN
                SELECT array_agg(r.account_id ORDER BY r.ord), array_agg(-r.amount ORDER BY r.ord) INTO accounts, amounts
                  FROM ledger_rest(p_original, 0::smallint) r;
                IF accounts IS NULL THEN
                    PERFORM ledger_refuse('over_reversal', jsonb_build_object('param', 'transaction',
                        'cause', 'already_reversed', 'transaction', p_original));
                END IF;
            ELSE
                SELECT coalesce(p_accounts, array_agg(e.account_id ORDER BY e.leg)),
                       coalesce(p_amounts, array_agg(-e.amount ORDER BY e.leg)) INTO accounts, amounts
                  FROM ledger_entry e WHERE e.transaction_id = p_original AND e.layer = 0;
            END IF;
            SELECT g.account_id, abs(coalesce(r.amount, 0)) AS rest, g.wanted INTO bad
              FROM (SELECT account_id, sign(amount) AS side, sum(abs(amount)) AS wanted, min(ord) AS ord
                      FROM unnest(accounts, amounts) WITH ORDINALITY AS u (account_id, amount, ord) GROUP BY 1, 2) g
              LEFT JOIN ledger_rest(p_original, 0::smallint) r
                     ON r.account_id = g.account_id AND sign(r.amount) = -g.side
             ORDER BY abs(coalesce(r.amount, 0)) - g.wanted, g.ord LIMIT 1;
        END IF;
        IF bad.wanted > bad.rest THEN
            PERFORM ledger_refuse('over_reversal', jsonb_build_object('transaction', p_original,
                'account_id', bad.account_id, 'remaining', trim_scale(bad.rest)::text,
                'wanted', trim_scale(bad.wanted)::text));
        END IF;
        w := ledger_write(
            p_id, 'single', v_reason, accounts, amounts, array_fill(0::smallint, ARRAY[cardinality(accounts)]),
            ledger_following(p_effective, p_original), p_key, p_system, p_kind, p_source, p_fingerprint, p_description,
            p_metadata, NULL, p_original, NULL);
    ELSE
        SELECT earlier.id, earlier.recorded_at, true AS replayed INTO w;
    END IF;
    ledger_reverse.id := w.id;
    ledger_reverse.recorded_at := w.recorded_at;
    ledger_reverse.replayed := w.replayed;
    SELECT coalesce(sum(r.amount), 0) INTO ledger_reverse.remaining
      FROM ledger_rest(p_original, 0::smallint) r WHERE r.amount > 0;
END $$;
