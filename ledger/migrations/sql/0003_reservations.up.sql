-- What waits: pending transactions are posted in parts, voided, ended by time or status, or given more time.
-- The helpers in front are shared with holds and reversals.

-- When what follows another transaction takes effect: as it wishes, or now (NULL), but at the earliest when that one
-- does. What has not happened yet can neither be undone nor ended, and the clocks of other systems differ.
CREATE FUNCTION ledger_following(p_effective timestamptz, p_first uuid) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT CASE WHEN coalesce(p_effective, clock_timestamp()) < t.effective_at THEN t.effective_at ELSE p_effective END
      FROM ledger_transaction t WHERE t.id = p_first
$$;

-- Refuse to act on what has ended, each wrong move under a cause of its own. From its time on a reservation or hold can
-- only expire, whether or not the clock has come round to it; and by the clock it cannot expire before.
CREATE FUNCTION ledger_require_open(p_state text, p_expires timestamptz, p_action text, p_facts jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_cause text := CASE
        WHEN p_state = 'expired' THEN 'expired'
        WHEN (p_action, p_state) = ('void', 'posted') THEN 'void_after_post'
        WHEN (p_action, p_state) = ('post', 'voided') THEN 'post_after_void'
        WHEN (p_action, p_state) = ('release', 'captured') THEN 'release_after_capture'
        WHEN (p_action, p_state) = ('capture', 'released') THEN 'capture_after_release'
        WHEN p_state NOT IN ('pending', 'active', 'partly_captured') THEN 'already_' || p_state
        WHEN p_action = 'expire' THEN CASE WHEN p_expires <= clock_timestamp() THEN NULL ELSE 'not_due' END
        WHEN p_action <> 'expire on status' AND p_expires <= clock_timestamp() THEN 'expired'
    END;
BEGIN
    IF v_cause IS NOT NULL THEN
        PERFORM ledger_refuse('invalid_transition',
            p_facts || jsonb_build_object('cause', v_cause, 'state', p_state, 'action', p_action, 'expires_at', p_expires));
    END IF;
END $$;

-- More time may be given to what is open and has an end, and only more. The same end again changes nothing.
CREATE FUNCTION ledger_require_later(p_state text, p_before timestamptz, p_after timestamptz, p_facts jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_after IS NULL THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'expires_at'));
    END IF;
    PERFORM ledger_require_open(p_state, p_before, 'extend', p_facts);
    IF p_before IS NULL OR p_after < p_before THEN
        PERFORM ledger_refuse('invalid_transition', p_facts || jsonb_build_object(
            'cause', CASE WHEN p_before IS NULL THEN 'never_expires' ELSE 'not_later' END,
            'state', p_state, 'action', 'extend', 'expires_at', p_before));
    END IF;
END $$;

-- What is left of a transaction per account and side, signed as it was written: of a reservation (layer 1) what was not
-- posted or released, of a posted one (layer 0) what was not reversed. Several legs of one account and side are one.
CREATE FUNCTION ledger_rest(p_transaction uuid, p_layer smallint)
RETURNS TABLE (ord bigint, account_id bigint, currency text, exponent int, amount numeric) LANGUAGE sql STABLE AS $$
    SELECT row_number() OVER (ORDER BY min(x.leg), x.side), x.account_id, a.currency::text, a.exponent::int, sum(x.amount)
      FROM (SELECT e.leg, e.account_id, e.amount, sign(e.amount) AS side
              FROM ledger_entry e WHERE e.transaction_id = p_transaction AND e.layer = p_layer
             UNION ALL
            SELECT NULL, e.account_id, e.amount, -sign(e.amount)
              FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
             WHERE p_layer = 1 AND t.pending_id = p_transaction AND e.layer = 2
             UNION ALL
            SELECT NULL, e.account_id, e.amount, -sign(e.amount)
              FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
             WHERE p_layer = 0 AND t.reverses_id = p_transaction AND e.layer = 0) x
      JOIN ledger_account a ON a.id = x.account_id
     GROUP BY x.account_id, x.side, a.currency, a.exponent HAVING sum(x.amount) <> 0
$$;

-- Public: post a pending transaction (p_phase 'post'), void what remains of it, or let it expire: by the clock, or with
-- p_status because that status, which it names, was reported. What is posted is the whole rest; or the part whose credits
-- in one currency are p_amount, each entry in proportion, refused where that is not exact; or the entries given.
CREATE FUNCTION ledger_resolve(
    p_id uuid, p_phase text, p_pending uuid, p_amount numeric, p_currency text, p_accounts bigint[], p_amounts numeric[],
    p_status text, p_effective timestamptz, p_key text, p_system text, p_kind text, p_source text,
    p_fingerprint bytea, p_description text, p_metadata jsonb,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean, OUT remaining numeric
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    open record;
    earlier record;
    bad record;
    w record;
    whole numeric;
    part numeric;
    exact boolean;
    legs int;
    accounts bigint[];
    amounts numeric[];
BEGIN
    IF p_phase IS NULL OR p_phase NOT IN ('post', 'void', 'expire') OR p_amount <= 0
       OR (p_amount IS NULL) <> (p_currency IS NULL) OR (p_amount IS NOT NULL AND p_accounts IS NOT NULL)
       OR (p_phase <> 'post' AND coalesce(p_amount, cardinality(p_accounts)) IS NOT NULL)
       OR cardinality(p_accounts) IS DISTINCT FROM cardinality(p_amounts) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'amount'));
    END IF;
    SELECT p.*, t.reason, t.effective_at INTO open FROM ledger_pending p JOIN ledger_transaction t ON t.id = p.transaction_id
     WHERE p.transaction_id = p_pending FOR UPDATE OF p;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('transaction', p_pending));
    END IF;
    SELECT * INTO earlier FROM ledger_existing(p_id, p_key, p_system, p_kind, p_source, p_fingerprint);
    IF earlier.id IS NOT NULL THEN
        ledger_resolve.id := earlier.id;
        ledger_resolve.recorded_at := earlier.recorded_at;
        ledger_resolve.replayed := true;
        ledger_resolve.remaining := open.remaining;
        RETURN;
    END IF;
    PERFORM ledger_require_open(open.state, open.expires_at,
        p_phase || CASE WHEN p_status IS NULL THEN '' ELSE ' on status' END,
        jsonb_build_object('transaction', p_pending));
    IF p_status IS NOT NULL AND (p_phase <> 'expire' OR NOT p_status = ANY (open.expires_on)) THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('cause', 'status_not_declared',
            'transaction', p_pending, 'state', open.state, 'action', p_phase, 'declared', open.expires_on));
    END IF;

    IF p_accounts IS NOT NULL THEN
        SELECT g.account_id, g.amount, coalesce(r.amount, 0) AS rest INTO bad
          FROM (SELECT account_id, sign(amount) AS side, sum(amount) AS amount, min(ord) AS ord
                  FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS u (account_id, amount, ord) GROUP BY 1, 2) g
          LEFT JOIN ledger_rest(p_pending, 1::smallint) r ON r.account_id = g.account_id AND sign(r.amount) = g.side
         WHERE abs(g.amount) > abs(coalesce(r.amount, 0)) ORDER BY g.ord LIMIT 1;
        IF FOUND THEN
            PERFORM ledger_refuse('over_capture', jsonb_build_object('cause', 'over_post', 'transaction', p_pending,
                'account_id', bad.account_id, 'remaining', trim_scale(abs(bad.rest))::text,
                'wanted', trim_scale(abs(bad.amount))::text));
        END IF;
        accounts := p_accounts;
        amounts := p_amounts;
    ELSIF p_amount IS NULL THEN
        SELECT array_agg(r.account_id ORDER BY r.ord), array_agg(r.amount ORDER BY r.ord) INTO accounts, amounts
          FROM ledger_rest(p_pending, 1::smallint) r;
    ELSE
        IF NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = p_pending AND e.currency = p_currency) THEN
            PERFORM ledger_refuse('currency_mismatch', jsonb_build_object('param', 'amount'));
        END IF;
        SELECT coalesce(sum(r.amount) FILTER (WHERE r.amount > 0 AND r.currency = p_currency), 0) INTO whole
          FROM ledger_rest(p_pending, 1::smallint) r;
        IF p_amount > whole THEN
            PERFORM ledger_refuse('over_capture', jsonb_build_object('cause', 'over_post', 'transaction', p_pending,
                'remaining', trim_scale(whole)::text, 'wanted', trim_scale(p_amount)::text));
        END IF;
        -- A product is exact; the quotient is where it gives the product back.
        SELECT array_agg(s.account_id ORDER BY s.ord), array_agg(s.share ORDER BY s.ord),
               bool_and(s.share * whole = s.amount * p_amount AND min_scale(s.share) <= s.exponent)
          INTO accounts, amounts, exact
          FROM (SELECT r.*, r.amount * p_amount / whole AS share FROM ledger_rest(p_pending, 1::smallint) r) s;
        IF NOT exact THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'amount', 'cause', 'not_divisible',
                'transaction', p_pending, 'wanted', trim_scale(p_amount)::text, 'remaining', trim_scale(whole)::text));
        END IF;
    END IF;

    legs := cardinality(accounts);
    SELECT sum(a) INTO part FROM unnest(amounts) a WHERE a > 0;
    UPDATE ledger_pending p SET remaining = p.remaining - part,
           state = CASE WHEN p.remaining > part THEN 'pending'
                        ELSE CASE p_phase WHEN 'post' THEN 'posted' WHEN 'void' THEN 'voided' ELSE 'expired' END END
     WHERE p.transaction_id = p_pending;
    w := ledger_write(
        p_id, p_phase, open.reason,
        accounts || CASE p_phase WHEN 'post' THEN accounts ELSE '{}' END,
        (SELECT array_agg(-a ORDER BY ord) FROM unnest(amounts) WITH ORDINALITY u (a, ord))
            || CASE p_phase WHEN 'post' THEN amounts ELSE '{}' END,
        array_fill(2::smallint, ARRAY[legs])
            || CASE p_phase WHEN 'post' THEN array_fill(0::smallint, ARRAY[legs]) ELSE '{}' END,
        ledger_following(p_effective, p_pending), p_key, p_system, p_kind, p_source, p_fingerprint, p_description,
        CASE WHEN p_status IS NULL THEN p_metadata
             ELSE coalesce(p_metadata, '{}') || jsonb_build_object('status', p_status) END,
        p_pending, NULL, NULL);
    ledger_resolve.id := w.id;
    ledger_resolve.recorded_at := w.recorded_at;
    ledger_resolve.replayed := w.replayed;
    ledger_resolve.remaining := open.remaining - part;
END $$;

-- Public: give a pending transaction more time. Says when it would have ended, and whether that changed.
CREATE FUNCTION ledger_pending_extend(
    p_pending uuid, p_expires timestamptz, OUT expires_before timestamptz, OUT changed boolean
) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    open record;
BEGIN
    SELECT p.state, p.expires_at INTO open FROM ledger_pending p WHERE p.transaction_id = p_pending FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('transaction', p_pending));
    END IF;
    PERFORM ledger_require_later(open.state, open.expires_at, p_expires, jsonb_build_object('transaction', p_pending));
    UPDATE ledger_pending p SET expires_at = p_expires WHERE p.transaction_id = p_pending AND p.expires_at < p_expires;
    changed := FOUND;
    expires_before := open.expires_at;
END $$;
