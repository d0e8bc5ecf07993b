-- The one door: every entry, balance and hold is written by the functions of this file.
-- They run with their owner's rights, so the application needs nothing but EXECUTE on the public ones.
-- Lock order everywhere: hold or pending row, then balance rows by account id, then the header's unique keys.

-- The transaction that already carries one of these names, if its content is the same. Same name with other content is
-- refused.
CREATE FUNCTION ledger_existing(
    p_id uuid, p_key text, p_system text, p_kind text, p_source text, p_fingerprint bytea,
    OUT id uuid, OUT recorded_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
BEGIN
    SELECT t.id, t.fingerprint, t.recorded_at, t.idempotency_key IS NOT DISTINCT FROM p_key AND p_key IS NOT NULL AS by_key
      INTO earlier
      FROM ledger_transaction t
     WHERE t.idempotency_key = p_key OR t.id = p_id
        OR (t.source_system = p_system AND t.source_kind = p_kind AND t.source_id = p_source)
     ORDER BY by_key DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF earlier.fingerprint <> p_fingerprint THEN
        PERFORM ledger_refuse(
            CASE WHEN earlier.by_key THEN 'idempotency_key_reused' ELSE 'duplicate_reference' END,
            jsonb_build_object('transaction', earlier.id));
    END IF;
    id := earlier.id;
    recorded_at := earlier.recorded_at;
END $$;

-- Header and entries in one go: lock, judge, write. Returns the earlier transaction when it is a replay. Layer 0 posts, 1
-- reserves, 2 releases what was reserved. What counts is how much a transaction takes away from an account as a whole:
-- settling a reservation takes nothing more, so a freeze that came after the reservation does not stop it.
-- The recorded time is read after the locks and is never before what the touched accounts have seen, so per account it
-- never runs backwards against the sequence, even where the machine's clock does.
-- Judged account by account, in plain steps: what one more statement costs to start is more than all that a few entries
-- need. What is refused is only said when the header is in: a replay is answered whatever has become of its accounts.
CREATE FUNCTION ledger_write(
    p_id uuid, p_phase text, p_reason text, p_accounts bigint[], p_amounts numeric[], p_layers smallint[],
    p_effective timestamptz, p_key text, p_system text, p_kind text, p_source text, p_fingerprint bytea,
    p_description text, p_metadata jsonb, p_pending uuid, p_reverses uuid, p_hold uuid,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_legs int := cardinality(p_accounts);
    v_currencies text[];        -- per entry, like those that follow
    v_seqs bigint[];
    v_balances numeric[];
    v_ins numeric[];
    v_outs numeric[];
    v_highs timestamptz[];      -- the latest effective time of the account before
    v_moved int[];              -- per running account, its last entry: there its new figures are
    v_ids bigint[];
    v_last int;
    v_account bigint := 0;      -- accounts are taken in the order of their ids, which begin at one
    v_next bigint;
    v_balance numeric;
    v_in numeric;
    v_out numeric;
    v_available numeric;
    v_change numeric;
    v_cause text;
    v_refusal text;
    v_facts jsonb;              -- of the first account that is refused, or that has too little
    v_effective timestamptz;
    v_recorded timestamptz;
    v_latest timestamptz;
    v_earlier record;
    a record;
    b record;
BEGIN
    LOOP
        v_next := NULL;
        FOR n IN 1 .. v_legs LOOP
            IF p_accounts[n] > v_account AND (v_next IS NULL OR p_accounts[n] < v_next) THEN
                v_next := p_accounts[n];
            END IF;
        END LOOP;
        EXIT WHEN v_next IS NULL;
        v_account := v_next;
        SELECT balance, pending_in, pending_out, floor, seq, effective_high, recorded_high INTO b
          FROM ledger_balance WHERE account_id = v_account FOR UPDATE;
        IF FOUND THEN
            SELECT code, currency, kind, status, sign, running INTO a FROM ledger_account WHERE id = v_account;
        ELSE
            -- Nothing of it is locked, so that all may post to it at once; but nobody may close it before the entries are in.
            SELECT code, currency, kind, status, sign, running INTO a FROM ledger_account WHERE id = v_account
               FOR KEY SHARE;
        END IF;
        v_balance := coalesce(b.balance, 0);
        v_in := coalesce(b.pending_in, 0);
        v_out := coalesce(b.pending_out, 0);
        v_available := v_balance - v_out;
        FOR n IN 1 .. v_legs LOOP
            CONTINUE WHEN p_accounts[n] <> v_account;
            v_change := p_amounts[n] * a.sign;
            IF p_layers[n] = 0 THEN
                v_balance := v_balance + v_change;
            ELSIF (p_layers[n] = 1) = (v_change > 0) THEN
                v_in := v_in + v_change;
            ELSE
                v_out := v_out - v_change;
            END IF;
            v_currencies[n] := a.currency;
            IF a.running THEN
                b.seq := b.seq + 1;
                v_seqs[n] := b.seq;
                v_balances[n] := v_balance;
                v_ins[n] := v_in;
                v_outs[n] := v_out;
                v_highs[n] := b.effective_high;
                v_last := n;
            END IF;
        END LOOP;
        IF a.running THEN
            v_ids := v_ids || v_account;
            v_moved := v_moved || v_last;
            v_latest := greatest(v_latest, b.recorded_high);
        END IF;

        v_change := v_balance - v_out - v_available;
        v_cause := CASE
            WHEN a.code IS NULL THEN 'not_found'
            WHEN a.status = 'closed' THEN 'account_closed'
            WHEN a.kind = 'held' AND p_hold IS NULL THEN 'invalid_request'
            WHEN a.status = 'frozen' AND v_change < 0
                 AND NOT coalesce((SELECT passes_freeze FROM ledger_reason WHERE code = p_reason), false)
                 THEN 'account_frozen'
            WHEN v_change < 0 AND v_available + v_change < b.floor THEN 'insufficient_available'
        END;
        IF v_cause IS NOT NULL AND (v_refusal IS NULL
                                    OR v_refusal = 'insufficient_available' AND v_cause <> 'insufficient_available') THEN
            v_refusal := v_cause;
            v_facts := jsonb_build_object('account', a.code, 'currency', a.currency);
            IF v_cause = 'insufficient_available' THEN
                v_facts := v_facts || jsonb_build_object(
                    'available', trim_scale(v_available)::text, 'wanted', trim_scale(-v_change)::text);
            END IF;
        END IF;
    END LOOP;

    INSERT INTO ledger_transaction AS t (id, phase, reason, pending_id, reverses_id, moves_hold_id, idempotency_key,
                                    source_system, source_kind, source_id, fingerprint, description, metadata, legs,
                                    effective_at)
    VALUES (p_id, p_phase, p_reason, p_pending, p_reverses, p_hold, p_key, p_system, p_kind, p_source, p_fingerprint,
            p_description, p_metadata, v_legs, p_effective)
    ON CONFLICT DO NOTHING
    RETURNING t.effective_at, t.recorded_at INTO v_effective, v_recorded;
    IF NOT FOUND THEN
        SELECT e.id, e.recorded_at INTO v_earlier
          FROM ledger_existing(p_id, p_key, p_system, p_kind, p_source, p_fingerprint) e;
        ledger_write.id := v_earlier.id;
        ledger_write.recorded_at := v_earlier.recorded_at;
        ledger_write.replayed := true;
        RETURN;
    END IF;
    IF v_refusal IS NOT NULL THEN
        PERFORM ledger_refuse(v_refusal, v_facts);
    END IF;

    v_latest := greatest(v_recorded, v_latest);
    UPDATE ledger_balance b
       SET balance = v_balances[m.at], pending_in = v_ins[m.at], pending_out = v_outs[m.at], seq = v_seqs[m.at],
           effective_high = greatest(b.effective_high, v_effective), recorded_high = v_latest
      FROM unnest(v_ids, v_moved) AS m (id, at)
     WHERE b.account_id = m.id;
    INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, seq, balance_after,
                              pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid)
    SELECT p_id, n, p_accounts[n], v_currencies[n], p_amounts[n], p_layers[n], v_seqs[n], v_balances[n],
           v_ins[n], v_outs[n], v_effective, v_latest, coalesce(v_highs[n] > v_effective, false),
           pg_current_xact_id()::text::bigint
      FROM generate_series(1, v_legs) n;
    ledger_write.id := p_id;
    ledger_write.recorded_at := v_recorded;
    ledger_write.replayed := false;
END $$;

-- Public: post at once, or reserve (p_phase 'pending').
CREATE FUNCTION ledger_post(
    p_id uuid, p_phase text, p_reason text, p_accounts bigint[], p_amounts numeric[], p_effective timestamptz,
    p_key text, p_system text, p_kind text, p_source text, p_fingerprint bytea, p_description text, p_metadata jsonb,
    p_reverses uuid, p_expires timestamptz, p_expires_on text[] DEFAULT NULL,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_layer smallint := CASE p_phase WHEN 'single' THEN 0 WHEN 'pending' THEN 1 END;
    v_total numeric;
    w record;
BEGIN
    IF v_layer IS NULL OR (p_reverses IS NOT NULL AND v_layer <> 0) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'phase'));
    END IF;
    IF v_layer = 0 AND (p_expires IS NOT NULL OR cardinality(p_expires_on) > 0) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'expires_at'));
    END IF;
    IF p_reverses IS NOT NULL THEN
        PERFORM ledger_reversible(p_reverses, p_reason);
        p_effective := ledger_following(p_effective, p_reverses);
    END IF;
    w := ledger_write(
        p_id, p_phase, p_reason, p_accounts, p_amounts,
        array_fill(v_layer, ARRAY[cardinality(p_accounts)]), p_effective, p_key, p_system, p_kind, p_source,
        p_fingerprint, p_description, p_metadata, NULL, p_reverses, NULL);
    IF p_reverses IS NOT NULL THEN
        PERFORM ledger_mirrored(p_reverses);
    END IF;
    IF v_layer = 1 AND NOT w.replayed THEN
        IF p_expires <= clock_timestamp() THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'expires_at'));
        END IF;
        SELECT sum(a) INTO v_total FROM unnest(p_amounts) a WHERE a > 0;
        INSERT INTO ledger_pending (transaction_id, amount, remaining, state, expires_at, expires_on)
        VALUES (p_id, v_total, v_total, 'pending', p_expires, coalesce(p_expires_on, '{}'));
    END IF;
    ledger_post.id := w.id;
    ledger_post.recorded_at := w.recorded_at;
    ledger_post.replayed := w.replayed;
END $$;

-- Public: wallet → held, with the hold that says why.
CREATE FUNCTION ledger_hold_place(
    p_hold uuid, p_id uuid, p_wallet bigint, p_held bigint, p_amount numeric, p_hold_kind text, p_why text,
    p_actor text, p_expires timestamptz, p_effective timestamptz, p_key text, p_system text, p_kind text,
    p_source text, p_fingerprint bytea, p_description text, p_metadata jsonb,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean, OUT hold_id uuid
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    w record;
BEGIN
    IF p_hold IS NULL OR p_amount IS NULL OR p_amount <= 0 THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'amount'));
    END IF;
    IF NOT EXISTS (SELECT 1 FROM ledger_account h JOIN ledger_account c ON c.owner = h.owner
                    WHERE h.id = p_held AND c.id = p_wallet AND h.kind = 'held' AND c.kind IN ('wallet', 'pocket')
                      AND h.currency = c.currency AND h.owner <> '') THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'account'));
    END IF;
    w := ledger_write(
        p_id, 'single', 'HOLD_PLACED', ARRAY[p_wallet, p_held], ARRAY[-p_amount, p_amount],
        ARRAY[0, 0]::smallint[], p_effective, p_key, p_system, p_kind, p_source, p_fingerprint, p_description,
        p_metadata, NULL, NULL, p_hold);
    IF w.replayed THEN
        SELECT h.id INTO ledger_hold_place.hold_id FROM ledger_hold h WHERE h.placed_by_id = w.id;
    ELSE
        IF p_expires <= clock_timestamp() THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'expires_at'));
        END IF;
        INSERT INTO ledger_hold (id, wallet_id, held_account_id, kind, reason, amount, captured, released, state,
                                 actor, placed_by_id, placed_at, expires_at)
        VALUES (p_hold, p_wallet, p_held, p_hold_kind, p_why, p_amount, 0, 0, 'active', p_actor, w.id,
                w.recorded_at, p_expires);
        ledger_hold_place.hold_id := p_hold;
    END IF;
    ledger_hold_place.id := w.id;
    ledger_hold_place.recorded_at := w.recorded_at;
    ledger_hold_place.replayed := w.replayed;
END $$;

-- Public: take from a hold (p_action 'capture': held → p_target) or give back ('release', 'expire'): a part, or the rest
-- without p_amount; an expiry always the rest. Which of the two a transaction was can be read from its reason, and an
-- expiry from its source: `verify_ledger` relies on it.
CREATE FUNCTION ledger_hold_resolve(
    p_hold uuid, p_action text, p_id uuid, p_reason text, p_target bigint, p_amount numeric,
    p_effective timestamptz, p_key text, p_system text, p_kind text, p_source text, p_fingerprint bytea,
    p_description text, p_metadata jsonb,
    OUT id uuid, OUT recorded_at timestamptz, OUT replayed boolean, OUT remaining numeric
) LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    h record;
    target record;
    earlier record;
    part numeric;
    w record;
BEGIN
    IF p_action IS NULL OR p_action NOT IN ('capture', 'release', 'expire') OR p_amount <= 0
       OR (p_action = 'expire' AND p_amount IS NOT NULL) OR (p_action = 'capture') <> (p_target IS NOT NULL) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'amount'));
    END IF;
    IF (p_action = 'capture') = (p_reason = 'HOLD_RELEASED')
       OR (p_action = 'expire') <> ((p_system, p_kind) IS NOT DISTINCT FROM ('ledger', 'hold_expiry')) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'reason'));
    END IF;
    SELECT x.*, x.amount - x.captured - x.released AS rest INTO h FROM ledger_hold x WHERE x.id = p_hold FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('hold', p_hold));
    END IF;
    -- Nothing may enter a held account without a hold of its own, nor may a capture change the currency.
    SELECT a.kind, a.currency = (SELECT currency FROM ledger_account WHERE id = h.held_account_id) AS same_currency
      INTO target FROM ledger_account a WHERE a.id = p_target;
    IF target.kind = 'held' OR NOT target.same_currency THEN
        PERFORM ledger_refuse(CASE WHEN target.kind = 'held' THEN 'invalid_request' ELSE 'currency_mismatch' END,
                              jsonb_build_object('param', 'to'));
    END IF;
    SELECT * INTO earlier FROM ledger_existing(p_id, p_key, p_system, p_kind, p_source, p_fingerprint);
    IF earlier.id IS NOT NULL THEN
        ledger_hold_resolve.id := earlier.id;
        ledger_hold_resolve.recorded_at := earlier.recorded_at;
        ledger_hold_resolve.replayed := true;
        ledger_hold_resolve.remaining := h.rest;
        RETURN;
    END IF;
    PERFORM ledger_require_open(h.state, h.expires_at, p_action, jsonb_build_object('hold', p_hold));
    part := coalesce(p_amount, h.rest);
    IF part > h.rest THEN
        PERFORM ledger_refuse('over_capture', jsonb_build_object('hold', p_hold,
            'cause', CASE p_action WHEN 'release' THEN 'over_release' END,
            'remaining', trim_scale(h.rest)::text, 'wanted', trim_scale(p_amount)::text));
    END IF;
    w := ledger_write(
        p_id, 'single', p_reason, ARRAY[h.held_account_id, coalesce(p_target, h.wallet_id)], ARRAY[-part, part],
        ARRAY[0, 0]::smallint[], p_effective, p_key, p_system, p_kind, p_source, p_fingerprint, p_description,
        p_metadata, NULL, NULL, p_hold);
    UPDATE ledger_hold x
       SET captured = x.captured + CASE p_action WHEN 'capture' THEN part ELSE 0 END,
           released = x.released + CASE p_action WHEN 'capture' THEN 0 ELSE part END,
           state = CASE WHEN h.rest > part AND (p_action = 'capture' OR h.captured > 0) THEN 'partly_captured'
                        WHEN h.rest > part THEN 'active'
                        ELSE CASE p_action WHEN 'capture' THEN 'captured' WHEN 'release' THEN 'released'
                                           ELSE 'expired' END END,
           ended_at = CASE WHEN h.rest = part THEN w.recorded_at END
     WHERE x.id = p_hold;
    ledger_hold_resolve.id := w.id;
    ledger_hold_resolve.recorded_at := w.recorded_at;
    ledger_hold_resolve.replayed := w.replayed;
    ledger_hold_resolve.remaining := h.rest - part;
END $$;

-- Public: give a hold more time. Says when it would have ended, and whether that changed.
CREATE FUNCTION ledger_hold_extend(
    p_hold uuid, p_expires timestamptz, OUT expires_before timestamptz, OUT changed boolean
) LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    h record;
BEGIN
    SELECT x.state, x.expires_at INTO h FROM ledger_hold x WHERE x.id = p_hold FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('hold', p_hold));
    END IF;
    PERFORM ledger_require_later(h.state, h.expires_at, p_expires, jsonb_build_object('hold', p_hold));
    UPDATE ledger_hold x SET expires_at = p_expires WHERE x.id = p_hold AND x.expires_at < p_expires;
    changed := FOUND;
    expires_before := h.expires_at;
END $$;

-- Public: freeze, unfreeze or close a running or house account; waits for postings that are under way on it.
CREATE FUNCTION ledger_account_set_status(p_account bigint, p_status text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_before text;
BEGIN
    IF p_status IS NULL OR p_status NOT IN ('open', 'frozen', 'closed') THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'status'));
    END IF;
    PERFORM 1 FROM ledger_balance WHERE account_id = p_account FOR UPDATE;
    SELECT status INTO v_before FROM ledger_account WHERE id = p_account FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('param', 'account'));
    END IF;
    IF p_status = 'closed' THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'the account is not empty'))
           FROM ledger_balance_now(p_account) n
          WHERE n.balance <> 0 OR n.pending_in <> 0 OR n.pending_out <> 0;
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'money of it is held'))
          WHERE EXISTS (SELECT 1 FROM ledger_hold WHERE wallet_id = p_account AND state IN ('active', 'partly_captured'));
    END IF;
    UPDATE ledger_account SET status = p_status WHERE id = p_account;
    RETURN v_before;
END $$;

-- Public: sum one house account up to a safe horizon: every database transaction below it has ended, so no entry can
-- still appear there (numbers are given in order, commits are not).
CREATE FUNCTION ledger_take_checkpoint(p_account bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    last record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_account WHERE id = p_account AND NOT running) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'account'));
    END IF;
    SELECT horizon, balance, pending_in, pending_out, entries INTO last
      FROM ledger_checkpoint WHERE account_id = p_account ORDER BY horizon DESC LIMIT 1;
    IF last.horizon >= v_horizon THEN
        RETURN last.horizon;
    END IF;
    INSERT INTO ledger_checkpoint (account_id, horizon, balance, pending_in, pending_out, entries, taken_at)
    SELECT p_account, v_horizon, coalesce(last.balance, 0) + s.balance, coalesce(last.pending_in, 0) + s.pending_in,
           coalesce(last.pending_out, 0) + s.pending_out, coalesce(last.entries, 0) + s.entries, clock_timestamp()
      FROM ledger_sums(p_account, coalesce(last.horizon, 0), v_horizon) s
     WHERE s.entries > 0
    ON CONFLICT DO NOTHING;
    RETURN v_horizon;
END $$;

-- Functions that run with their owner's rights, and triggers that read tables, which may run late with the caller's
-- settings, must never look into the caller's temporary schema first; and only the public functions may be called at all
-- (`database_roles` grants them). Triggers that run per row and read nothing go without: the setting costs them more
-- than their work. What posts keeps its plans: left to itself PostgreSQL plans again whatever takes an array, at each call,
-- for that seems cheaper with the array before its eyes; and planning takes longer than all the rest.
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name,
                    p.prosecdef OR p.proname = 'ledger_entry_guard' AS reads,
                    p.proname IN ('ledger_post', 'ledger_hold_place', 'ledger_hold_resolve', 'ledger_resolve',
                                  'ledger_reverse') AS posts
               FROM pg_proc p
              WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'ledger\_%'
                AND (p.prosecdef OR p.prorettype = 'trigger'::regtype) LOOP
        IF f.reads THEN
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f.name, current_schema());
        END IF;
        IF f.posts THEN
            EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', f.name);
        END IF;
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.name);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION ledger_write FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_mirrored FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_existing FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_rest FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_following FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_share FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_reversible FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_require_open FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_require_later FROM PUBLIC;

-- Keys of these indexes are made in the order of time, so their pages are filled once, from the left. The room that is left
-- is for those who commit a little out of turn: with none, the full page before theirs would be split in two.
ALTER INDEX ledger_transaction_pkey SET (fillfactor = 98);
ALTER INDEX ledger_transaction_source SET (fillfactor = 98);
ALTER INDEX ledger_entry_pkey SET (fillfactor = 98);
ALTER INDEX ledger_entry_leg SET (fillfactor = 98);
