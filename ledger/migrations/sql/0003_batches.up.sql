-- Many transactions in one round trip: locked, judged in memory one after the other, written as sets. Where nothing can
-- be refused, whatever the order, nothing is judged: then only the unique indexes still have a say.
-- The judge is the twin of `ledger_existing` and `ledger_write`: each draft meets what the accepted ones before it left,
-- exactly as if they had been posted one by one.

-- What becomes of each draft, in their order; writes nothing. `p_accounts` are the touched running accounts, locked, and
-- beside them what they hold; a "slot" is a place in these arrays.
-- Per draft: `codes` why it is refused (NULL: it is not) with `facts`; `twins` the draft before it in this batch, or
-- `earlier` the transaction in the books, that it repeats.
CREATE FUNCTION ledger_judge(
    p_reasons text[], p_pending boolean[], p_keys text[], p_systems text[], p_kinds text[], p_sources text[],
    p_fingerprints bytea[], p_expires timestamptz[], p_closed timestamptz[], p_chains int[], p_refused text[],
    p_leg_draft int[], p_leg_account bigint[], p_leg_amount numeric[],
    p_condition_draft int[], p_condition_account bigint[], p_condition_available numeric[], p_condition_version bigint[],
    p_accounts bigint[], p_available numeric[], p_floors numeric[], p_seqs bigint[],
    OUT codes text[], OUT facts jsonb[], OUT twins int[], OUT earlier uuid[], OUT earlier_at timestamptz[]
) LANGUAGE plpgsql
-- How long the arrays are decides how to join them: a plan made without looking at them takes ten times as long.
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_count int := cardinality(p_reasons);
    v_available numeric[] := p_available;
    v_seqs bigint[] := p_seqs;
    v_holders int[] := '{}';   -- of a name that several drafts carry: the accepted draft that has it
    v_chain int;
    v_start int;               -- of the chain that is under way
    v_culprit int;             -- the draft that broke it
    v_code text;
    v_facts jsonb;
    v_twin int;
    v_account bigint;
    v_undo_slots int[];        -- what the chain has taken so far, to give it back
    v_undo_outs numeric[];
    v_undo_legs int[];
    d record;
BEGIN
    codes := array_fill(NULL::text, ARRAY[v_count]);
    facts := array_fill(NULL::jsonb, ARRAY[v_count]);
    twins := array_fill(NULL::int, ARRAY[v_count]);
    earlier := array_fill(NULL::uuid, ARRAY[v_count]);
    earlier_at := array_fill(NULL::timestamptz, ARRAY[v_count]);
    FOR d IN
        WITH h AS (
            SELECT u.* FROM unnest(p_reasons, p_pending, p_keys, p_systems, p_kinds, p_sources, p_fingerprints, p_expires,
                                   p_closed, p_chains, p_refused) WITH ORDINALITY
                            AS u (reason, pending, key, system, kind, source, fingerprint, expires, closed, chain,
                                  refused, ord)
        ), shared AS (
            -- Names that more than one draft carries get a number.
            SELECT s.*, row_number() OVER () AS name
              FROM (SELECT h.key, NULL AS system, NULL AS kind, NULL AS source FROM h WHERE h.key IS NOT NULL
                     GROUP BY h.key HAVING count(*) > 1
                    UNION ALL
                    SELECT NULL, h.system, h.kind, h.source FROM h WHERE h.system IS NOT NULL
                     GROUP BY h.system, h.kind, h.source HAVING count(*) > 1) s
        ), taken AS (
            -- What a draft takes away from each account as a whole, as `ledger_write` counts it.
            SELECT l.d, l.account_id, v.slot, count(*) AS legs,
                   -sum(CASE WHEN NOT h.pending OR l.amount * a.sign < 0 THEN l.amount * a.sign ELSE 0 END) AS out,
                   min(CASE WHEN a.id IS NULL THEN 'not_found'
                            WHEN a.status = 'closed' THEN 'account_closed'
                            WHEN a.kind = 'held' THEN 'invalid_request' END) AS refusal,
                   bool_or(a.status = 'frozen') AS frozen, min(h.reason) AS reason
              FROM unnest(p_leg_draft, p_leg_account, p_leg_amount) AS l (d, account_id, amount)
              JOIN h ON h.ord = l.d
              LEFT JOIN ledger_account a ON a.id = l.account_id
              LEFT JOIN unnest(p_accounts) WITH ORDINALITY AS v (account_id, slot) ON v.account_id = l.account_id
             GROUP BY l.d, l.account_id, v.slot
        ), wanted AS (
            SELECT t.d, array_agg(t.slot) AS slots, array_agg(t.out) AS outs, array_agg(t.legs) AS legs,
                   min(t.account_id) FILTER (WHERE t.refusal IS NOT NULL) AS refused_at
              FROM (SELECT t.d, t.account_id, t.slot, t.out, t.legs,
                           coalesce(t.refusal,
                                    CASE WHEN t.frozen AND t.out > 0 AND NOT coalesce((SELECT r.passes_freeze
                                              FROM ledger_reason r WHERE r.code = t.reason), false)
                                         THEN 'account_frozen' END) AS refusal
                      FROM taken t ORDER BY t.d, t.account_id) t
             GROUP BY t.d
        ), asked AS (
            SELECT c.d, array_agg(v.slot ORDER BY c.ord) AS slots, array_agg(c.account_id ORDER BY c.ord) AS accounts,
                   array_agg(c.available ORDER BY c.ord) AS available, array_agg(c.version ORDER BY c.ord) AS versions
              FROM unnest(p_condition_draft, p_condition_account, p_condition_available, p_condition_version)
                   WITH ORDINALITY AS c (d, account_id, available, version, ord)
              LEFT JOIN unnest(p_accounts) WITH ORDINALITY AS v (account_id, slot) ON v.account_id = c.account_id
             GROUP BY c.d
        )
        SELECT h.ord::int, h.fingerprint, h.expires, h.closed, h.chain, h.refused, by_key.name AS key_name,
               by_source.name AS source_name, k.id AS key_id, k.fingerprint AS key_fingerprint,
               k.recorded_at AS key_at, s.id AS source_id, s.fingerprint AS source_fingerprint,
               s.recorded_at AS source_at, w.slots, w.outs, w.legs, w.refused_at, a.slots AS asked_slots,
               a.accounts AS asked_accounts, a.available AS asked_available, a.versions AS asked_versions
          FROM h
          LEFT JOIN shared by_key ON by_key.key = h.key
          LEFT JOIN shared by_source ON by_source.system = h.system AND by_source.kind = h.kind
                                    AND by_source.source = h.source
          LEFT JOIN ledger_transaction k ON k.idempotency_key = h.key
          LEFT JOIN ledger_transaction s ON s.source_system = h.system AND s.source_kind = h.kind
                                        AND s.source_id = h.source
          LEFT JOIN wanted w ON w.d = h.ord
          LEFT JOIN asked a ON a.d = h.ord
         ORDER BY h.ord
    LOOP
        v_code := d.refused;
        v_facts := NULL;
        v_account := NULL;
        IF d.chain IS NULL OR d.chain IS DISTINCT FROM v_chain THEN
            v_start := d.ord;
            v_culprit := NULL;
            v_undo_slots := '{}';
            v_undo_outs := '{}';
            v_undo_legs := '{}';
        END IF;
        v_chain := d.chain;

        -- Names first: what was posted before is answered again whatever has become of its accounts.
        IF v_code IS NULL THEN
            v_twin := coalesce(v_holders[d.key_name], CASE WHEN d.key_id IS NULL THEN v_holders[d.source_name] END);
            IF d.key_id IS NOT NULL OR v_twin IS NULL AND d.source_id IS NOT NULL THEN
                IF coalesce(d.key_fingerprint, d.source_fingerprint) = d.fingerprint THEN
                    earlier[d.ord] := coalesce(d.key_id, d.source_id);
                    earlier_at[d.ord] := coalesce(d.key_at, d.source_at);
                    CONTINUE;
                END IF;
                v_code := CASE WHEN d.key_id IS NULL THEN 'duplicate_reference' ELSE 'idempotency_key_reused' END;
                v_facts := jsonb_build_object('transaction', coalesce(d.key_id, d.source_id));
            ELSIF v_twin IS NOT NULL THEN
                IF p_fingerprints[v_twin] = d.fingerprint THEN
                    twins[d.ord] := v_twin;
                    CONTINUE;
                END IF;
                v_code := CASE WHEN v_holders[d.key_name] IS NULL THEN 'duplicate_reference'
                               ELSE 'idempotency_key_reused' END;
                v_facts := jsonb_build_object('draft', v_twin - 1);
            END IF;
        END IF;

        IF v_code IS NULL AND d.closed IS NOT NULL THEN
            v_code := 'period_closed';
            v_facts := jsonb_build_object('param', 'effective_at', 'closed_before',
                                          to_char(d.closed AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
        ELSIF v_code IS NULL AND d.expires <= clock_timestamp() THEN
            v_code := 'invalid_request';
            v_facts := jsonb_build_object('param', 'expires_at');
        END IF;

        IF v_code IS NULL AND v_culprit IS NULL AND d.asked_slots IS NOT NULL THEN
            FOR n IN 1 .. cardinality(d.asked_slots) LOOP
                IF d.asked_slots[n] IS NULL THEN
                    v_code := 'invalid_request';
                    v_facts := jsonb_build_object('param', 'conditions',
                        'reason', 'only an account that keeps a live balance can carry a condition');
                ELSIF d.asked_versions[n] <> v_seqs[d.asked_slots[n]] THEN
                    v_code := 'version_conflict';
                    v_facts := jsonb_build_object('expected', d.asked_versions[n], 'version', v_seqs[d.asked_slots[n]]);
                ELSIF v_available[d.asked_slots[n]] < d.asked_available[n] THEN
                    v_code := 'condition_not_met';
                    v_facts := jsonb_build_object('available', trim_scale(v_available[d.asked_slots[n]])::text,
                                                  'wanted', trim_scale(d.asked_available[n])::text);
                END IF;
                IF v_code IS NOT NULL THEN
                    v_account := d.asked_accounts[n];
                    EXIT;
                END IF;
            END LOOP;
        END IF;

        IF v_code IS NULL AND d.refused_at IS NOT NULL THEN
            v_account := d.refused_at;
            SELECT CASE WHEN a.status = 'closed' THEN 'account_closed' WHEN a.kind = 'held' THEN 'invalid_request'
                        ELSE 'account_frozen' END INTO v_code FROM ledger_account a WHERE a.id = v_account;
            v_code := coalesce(v_code, 'not_found');
            v_facts := '{}';
        END IF;
        IF v_code IS NULL AND v_culprit IS NOT NULL THEN
            v_code := 'chain_broken';
            v_facts := jsonb_build_object('broken_by', v_culprit - 1);
        END IF;
        IF v_code IS NULL THEN
            FOR n IN 1 .. cardinality(d.slots) LOOP
                IF d.outs[n] > 0 AND v_available[d.slots[n]] - d.outs[n] < p_floors[d.slots[n]] THEN
                    v_code := 'insufficient_available';
                    v_account := p_accounts[d.slots[n]];
                    v_facts := jsonb_build_object('available', trim_scale(v_available[d.slots[n]])::text,
                                                  'wanted', trim_scale(d.outs[n])::text);
                    EXIT;
                END IF;
            END LOOP;
        END IF;

        IF v_code IS NULL THEN
            FOR n IN 1 .. cardinality(d.slots) LOOP
                IF d.slots[n] IS NOT NULL THEN
                    v_available[d.slots[n]] := v_available[d.slots[n]] - d.outs[n];
                    v_seqs[d.slots[n]] := v_seqs[d.slots[n]] + d.legs[n];
                END IF;
            END LOOP;
            IF d.key_name IS NOT NULL THEN
                v_holders[d.key_name] := d.ord;
            END IF;
            IF d.source_name IS NOT NULL THEN
                v_holders[d.source_name] := d.ord;
            END IF;
            IF d.chain IS NOT NULL THEN
                v_undo_slots := v_undo_slots || d.slots;
                v_undo_outs := v_undo_outs || d.outs;
                v_undo_legs := v_undo_legs || d.legs;
            END IF;
            CONTINUE;
        END IF;

        codes[d.ord] := v_code;
        facts[d.ord] := coalesce(v_facts, '{}') || coalesce(
            (SELECT jsonb_build_object('account', a.code, 'currency', a.currency) FROM ledger_account a
              WHERE a.id = v_account), '{}');
        IF d.chain IS NOT NULL AND v_culprit IS NULL THEN
            -- The whole chain is as if it had never been: its money, its names, its answers.
            v_culprit := d.ord;
            FOR n IN 1 .. cardinality(v_undo_slots) LOOP
                IF v_undo_slots[n] IS NOT NULL THEN
                    v_available[v_undo_slots[n]] := v_available[v_undo_slots[n]] + v_undo_outs[n];
                    v_seqs[v_undo_slots[n]] := v_seqs[v_undo_slots[n]] - v_undo_legs[n];
                END IF;
            END LOOP;
            -- An array begins where it was first written to, which need not be at one.
            FOR n IN coalesce(array_lower(v_holders, 1), 1) .. coalesce(array_upper(v_holders, 1), 0) LOOP
                IF v_holders[n] >= v_start THEN
                    v_holders[n] := NULL;
                END IF;
            END LOOP;
            FOR n IN v_start .. v_culprit - 1 LOOP
                IF earlier[n] IS NULL AND (twins[n] IS NULL OR twins[n] >= v_start) THEN
                    twins[n] := NULL;
                    codes[n] := 'chain_broken';
                    facts[n] := jsonb_build_object('broken_by', v_culprit - 1);
                END IF;
            END LOOP;
        END IF;
    END LOOP;
END $$;

-- What the entries need to know of the touched accounts, and whether there is enough in them for all drafts whatever
-- their order: every account takes part, and has what is taken from it even before it gets anything. Then there is
-- nothing to judge but the names, and those the unique indexes judge.
CREATE FUNCTION ledger_batch_accounts(
    p_touched bigint[], p_credits numeric[], p_debits numeric[], p_locked bigint[], p_available numeric[],
    p_floors numeric[], OUT ample boolean, OUT accounts bigint[], OUT signs smallint[], OUT currencies text[]
) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    SELECT bool_and(coalesce(a.status = 'open' AND a.kind <> 'held', false)
                    AND coalesce(b.available - CASE WHEN a.sign > 0 THEN t.debits ELSE t.credits END >= b.floor, true)),
           array_agg(a.id), array_agg(a.sign), array_agg(a.currency)
      INTO ample, accounts, signs, currencies
      FROM unnest(p_touched, p_credits, p_debits) AS t (account_id, credits, debits)
      LEFT JOIN ledger_account a ON a.id = t.account_id
      LEFT JOIN unnest(p_locked, p_available, p_floors) AS b (account_id, available, floor) ON b.account_id = t.account_id;
END $$;

-- Public: many transactions at once. The legs are three parallel arrays, the conditions four; their first counts from 1
-- into the header arrays. Drafts next to each other with the same number in `p_chains` are a chain: all of them or none.
-- `p_refused`: refusals that the caller found himself. All or none of the batch, the refusal listing every bad draft in
-- `errors`; with `p_partial` each draft for itself, in their order, and the answer says why one was refused.
-- An array that is NULL in every place may be empty instead.
CREATE FUNCTION ledger_post_batch(
    p_partial boolean, p_ids uuid[], p_reasons text[], p_pending boolean[], p_expires timestamptz[], p_expires_on text[],
    p_effective timestamptz[], p_keys text[], p_systems text[], p_kinds text[], p_sources text[], p_fingerprints bytea[],
    p_descriptions text[], p_metadata text[], p_chains int[], p_refused text[],
    p_leg_draft int[], p_leg_account bigint[], p_leg_amount numeric[],
    p_condition_draft int[], p_condition_account bigint[], p_condition_available numeric[], p_condition_version bigint[]
) RETURNS TABLE (ord int, id uuid, recorded_at timestamptz, replayed boolean, code text, facts jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_count int := cardinality(p_ids);
    v_latest timestamptz;
    v_closed timestamptz[];
    v_touched bigint[];       -- the accounts of all entries, and what each gets of either kind
    v_credits numeric[];
    v_debits numeric[];
    v_accounts bigint[];      -- the locked ones, and their figures
    v_balances numeric[];
    v_ins numeric[];
    v_outs numeric[];
    v_available numeric[];
    v_floors numeric[];
    v_seqs bigint[];
    v_highs timestamptz[];
    v_legs int[];             -- per draft: how many, and the place of the first
    v_first int[];
    v_ordered boolean;
    v_fresh boolean[];        -- per draft: whether it is to be written
    v_ids uuid[];             -- of the headers that were written
    v_effective timestamptz[];
    v_headed timestamptz[];
    v_recorded timestamptz[]; -- per draft, of its entries
    v_plain boolean;
    touched record;
    judged record;
    bad record;
BEGIN
    SELECT array_agg(l.account_id), array_agg(l.credits), array_agg(l.debits) INTO v_touched, v_credits, v_debits
      FROM (SELECT u.account_id, sum(greatest(u.amount, 0)) AS credits, sum(greatest(-u.amount, 0)) AS debits
              FROM unnest(p_leg_account, p_leg_amount) AS u (account_id, amount) GROUP BY u.account_id) l;
    SELECT max(b.recorded_high), array_agg(b.account_id), array_agg(b.balance), array_agg(b.pending_in),
           array_agg(b.pending_out), array_agg(b.balance - b.pending_out), array_agg(b.floor), array_agg(b.seq),
           array_agg(b.effective_high)
      INTO v_latest, v_accounts, v_balances, v_ins, v_outs, v_available, v_floors, v_seqs, v_highs
      FROM (SELECT account_id, balance, pending_in, pending_out, floor, seq, effective_high, recorded_high
              FROM ledger_balance
             WHERE account_id = ANY (v_touched || p_condition_account) ORDER BY account_id FOR UPDATE) b;
    -- House accounts are not locked by postings; but nobody may close one between its judgement and its entries.
    PERFORM 1 FROM ledger_account
      WHERE id IN (SELECT unnest(v_touched) EXCEPT SELECT unnest(v_accounts)) ORDER BY id FOR KEY SHARE;

    v_closed := ledger_closed_days(
        coalesce(nullif(p_effective, '{}'), array_fill(NULL::timestamptz, ARRAY[v_count])), p_metadata);

    SELECT array_agg(l.legs ORDER BY d), array_agg(l.first ORDER BY d),
           coalesce(bool_and(l.last - l.first + 1 = l.legs), true)
      INTO v_legs, v_first, v_ordered
      FROM generate_series(1, v_count) d
      LEFT JOIN (SELECT u.d, count(*)::int AS legs, min(u.ord)::int AS first, max(u.ord)::int AS last
                   FROM unnest(p_leg_draft) WITH ORDINALITY AS u (d, ord) GROUP BY u.d) l USING (d);
    -- The place of an entry in its transaction is counted from the first one.
    IF NOT v_ordered THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'entries'));
    END IF;

    touched := ledger_batch_accounts(v_touched, v_credits, v_debits, v_accounts, v_available, v_floors);
    v_plain := touched.ample AND coalesce(cardinality(p_condition_draft), 0) = 0
        AND array_position(v_legs, NULL) IS NULL
        AND NOT EXISTS (SELECT 1 FROM unnest(p_refused, v_closed, p_expires) AS u (refused, closed, expires)
                         WHERE u.refused IS NOT NULL OR u.closed IS NOT NULL OR u.expires <= clock_timestamp());
    v_fresh := array_fill(true, ARRAY[v_count]);

    -- The rows are inserted by statements that are planned for these very arrays; but the guards that they set off must
    -- keep their plans, or each row would be planned for.
    PERFORM set_config('plan_cache_mode', 'force_generic_plan', true);
    -- A name that is there already, or twice in the batch, is found by the unique indexes: then each draft is judged. And
    -- somebody else may write one of our names after the judge looked for it: then look again.
    FOR attempt IN CASE WHEN v_plain THEN 0 ELSE 1 END .. 9 LOOP
        IF attempt > 0 THEN
            v_plain := false;
            SELECT * INTO judged FROM ledger_judge(
                p_reasons, p_pending, p_keys, p_systems, p_kinds, p_sources, p_fingerprints, p_expires, v_closed, p_chains,
                p_refused, p_leg_draft, p_leg_account, p_leg_amount,
                p_condition_draft, p_condition_account, p_condition_available, p_condition_version,
                v_accounts, v_available, v_floors, v_seqs);
            IF NOT p_partial THEN
                SELECT min(c.ord) AS first, jsonb_agg(coalesce(judged.facts[c.ord], '{}')
                           || jsonb_build_object('index', c.ord - 1, 'code', c.code) ORDER BY c.ord) AS errors INTO bad
                  FROM unnest(judged.codes) WITH ORDINALITY AS c (code, ord) WHERE c.code IS NOT NULL;
                IF bad.first IS NOT NULL THEN
                    PERFORM ledger_refuse(judged.codes[bad.first], coalesce(judged.facts[bad.first], '{}')
                        || jsonb_build_object('index', bad.first - 1, 'errors', bad.errors));
                END IF;
            END IF;
            SELECT array_agg(c.code IS NULL AND c.twin IS NULL AND c.earlier IS NULL ORDER BY c.ord) INTO v_fresh
              FROM unnest(judged.codes, judged.twins, judged.earlier) WITH ORDINALITY AS c (code, twin, earlier, ord);
        END IF;
        BEGIN
            EXECUTE $insert$
                WITH fresh AS (
                    INSERT INTO ledger_transaction AS t (id, phase, reason, idempotency_key, source_system, source_kind,
                                                         source_id, fingerprint, description, metadata, legs,
                                                         effective_at)
                    SELECT h.id, CASE WHEN h.pending THEN 'pending' ELSE 'single' END, h.reason, h.key, h.system, h.kind,
                           h.source, h.fingerprint, h.description, h.metadata::jsonb, h.legs, h.effective
                      FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) WITH ORDINALITY
                           AS h (id, reason, pending, effective, key, system, kind, source, fingerprint, description,
                                 metadata, legs, fresh, ord)
                     WHERE h.fresh ORDER BY h.ord
                    RETURNING t.id, t.effective_at, t.recorded_at
                ) SELECT array_agg(f.id), array_agg(f.effective_at), array_agg(f.recorded_at) FROM fresh f
            $insert$ INTO v_ids, v_effective, v_headed
            USING p_ids, p_reasons, p_pending, p_effective, p_keys, p_systems, p_kinds, p_sources, p_fingerprints,
                  p_descriptions, p_metadata, v_legs, v_fresh;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            IF attempt = 9 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
    -- From here on one place per draft again, empty where no header was written. Rows come back in the order in which they
    -- were inserted; where that were not so, or not all were, they are put in their places by their ids.
    IF v_ids IS DISTINCT FROM p_ids THEN
        SELECT array_agg(t.effective_at ORDER BY h.ord), array_agg(t.recorded_at ORDER BY h.ord)
          INTO v_effective, v_headed
          FROM unnest(p_ids) WITH ORDINALITY AS h (id, ord)
          LEFT JOIN unnest(v_ids, v_effective, v_headed) AS t (id, effective_at, recorded_at) USING (id);
    END IF;
    -- When the header was written, but per account it never falls, even where the clock was set back.
    SELECT array_agg(h.recorded_at ORDER BY h.ord) INTO v_recorded
      FROM (SELECT u.ord, greatest(v_latest, max(u.recorded_at) OVER (ORDER BY u.ord)) AS recorded_at
              FROM unnest(v_headed) WITH ORDINALITY AS u (recorded_at, ord)) h;

    EXECUTE $insert$
        WITH entry AS MATERIALIZED (
            SELECT h.id, u.ord - h.first + 1 AS leg, u.account_id, a.currency, u.amount, h.pending,
                   b.seq + row_number() OVER line AS seq,
                   b.balance + sum(CASE WHEN h.pending THEN 0 ELSE u.amount * a.sign END) OVER line AS balance,
                   b.pending_in + sum(CASE WHEN h.pending AND u.amount * a.sign > 0 THEN u.amount * a.sign ELSE 0 END)
                       OVER line AS pending_in,
                   b.pending_out - sum(CASE WHEN h.pending AND u.amount * a.sign < 0 THEN u.amount * a.sign ELSE 0 END)
                       OVER line AS pending_out,
                   h.effective_at, h.recorded_at, greatest(b.effective_high, max(h.effective_at) OVER line) AS high,
                   b.account_id IS NOT NULL AND lead(u.ord) OVER line IS NULL AS last, b.account_id IS NOT NULL AS running,
                   u.ord
              FROM unnest($1, $2, $3) WITH ORDINALITY AS u (d, account_id, amount, ord)
              JOIN unnest($4, $5, $6, $17, $7) WITH ORDINALITY AS h (id, pending, effective_at, recorded_at, first, d)
                ON h.d = u.d
              JOIN unnest($8, $9, $10) AS a (id, sign, currency) ON a.id = u.account_id
              LEFT JOIN unnest($11, $12, $13, $14, $15, $16)
                   AS b (account_id, seq, balance, pending_in, pending_out, effective_high) ON b.account_id = u.account_id
             WHERE h.effective_at IS NOT NULL
            WINDOW line AS (PARTITION BY u.account_id ORDER BY u.ord)
        ), moved AS (
            UPDATE ledger_balance b
               SET balance = e.balance, pending_in = e.pending_in, pending_out = e.pending_out, seq = e.seq,
                   effective_high = e.high, recorded_high = e.recorded_at
              FROM entry e
             WHERE e.last AND b.account_id = e.account_id
        )
        INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, seq, balance_after,
                                  pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid)
        SELECT e.id, e.leg, e.account_id, e.currency, e.amount, CASE WHEN e.pending THEN 1 ELSE 0 END, e.seq, e.balance,
               e.pending_in, e.pending_out, e.effective_at, e.recorded_at, e.running AND e.effective_at < e.high,
               pg_current_xact_id()::text::bigint
          FROM entry e ORDER BY e.ord
    $insert$ USING p_leg_draft, p_leg_account, p_leg_amount, p_ids, p_pending, v_effective, v_first,
                   touched.accounts, touched.signs, touched.currencies,
                   v_accounts, v_seqs, v_balances, v_ins, v_outs, v_highs, v_recorded;
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);

    IF true = ANY (p_pending) THEN
        INSERT INTO ledger_pending (transaction_id, amount, remaining, state, expires_at, expires_on)
        SELECT h.id, l.amount, l.amount, 'pending', h.expires, coalesce(string_to_array(h.expires_on, ' '), '{}')
          FROM unnest(p_ids, p_pending, p_expires, p_expires_on, v_effective) WITH ORDINALITY
               AS h (id, pending, expires, expires_on, effective_at, ord)
          JOIN (SELECT u.d, sum(u.amount) AS amount FROM unnest(p_leg_draft, p_leg_amount) AS u (d, amount)
                 WHERE u.amount > 0 GROUP BY u.d) l ON l.d = h.ord
         WHERE h.pending AND h.effective_at IS NOT NULL;
    END IF;

    IF v_plain THEN
        RETURN QUERY
        SELECT h.ord::int, h.id, h.recorded_at, false, NULL::text, NULL::jsonb
          FROM unnest(p_ids, v_headed) WITH ORDINALITY AS h (id, recorded_at, ord) ORDER BY h.ord;
    ELSE
        RETURN QUERY
        SELECT h.ord::int, coalesce(t.id, h.earlier), coalesce(t.recorded_at, h.earlier_at),
               h.earlier IS NOT NULL OR h.twin IS NOT NULL, h.code, h.facts
          FROM unnest(judged.codes, judged.facts, judged.twins, judged.earlier, judged.earlier_at) WITH ORDINALITY
               AS h (code, facts, twin, earlier, earlier_at, ord)
          LEFT JOIN unnest(p_ids, v_headed) WITH ORDINALITY AS t (id, recorded_at, ord)
                 ON t.ord = coalesce(h.twin, h.ord) AND h.code IS NULL AND h.earlier IS NULL
         ORDER BY h.ord;
    END IF;
END $$;

-- As at the end of 0003_posting: with the owner's rights, never in the caller's temporary schema; for nobody by default.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ledger_post_batch SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION ledger_post_batch FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_judge FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_batch_accounts FROM PUBLIC;
