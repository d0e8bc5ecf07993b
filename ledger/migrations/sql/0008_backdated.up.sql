-- Blocks of backdated entries: kept sums, so that a question about the past of a running account never means adding up
-- all that came late.
--
-- The sequence of a running account is given under the lock of its balance row: when a number can be seen, all numbers
-- before it can. So a span of the sequence is final once it is written, and no horizon is needed here. Blocks of one level
-- lie one after the other, from number 1 on without a gap, whatever their size; those of level 1 are large, so that few
-- of them reach far, and the small ones of level 0 fill in what is left on both sides.

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_backdated_block
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_backdated_block
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_backdated_sum
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_backdated_sum
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- What the backdated entries of a span of the sequence come to, up to and including each of their effective times;
-- `entries` counts them.
CREATE FUNCTION ledger_backdated_between(p_account bigint, p_first bigint, p_last bigint)
RETURNS TABLE (effective_at timestamptz, balance numeric, pending_in numeric, pending_out numeric, entries bigint)
LANGUAGE sql STABLE AS $$
    SELECT t.effective_at, sum(t.balance) OVER past, sum(t.pending_in) OVER past, sum(t.pending_out) OVER past,
           (sum(t.entries) OVER past)::bigint
      FROM (SELECT e.effective_at, count(*) AS entries,
                   coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer = 0), 0) AS balance,
                   coalesce(sum(e.amount * a.sign) FILTER (
                       WHERE e.layer <> 0 AND (e.layer = 1) = (e.amount * a.sign > 0)), 0) AS pending_in,
                   coalesce(-sum(e.amount * a.sign) FILTER (
                       WHERE e.layer <> 0 AND (e.layer = 1) <> (e.amount * a.sign > 0)), 0) AS pending_out
              FROM ledger_account a
              JOIN ledger_entry e ON e.account_id = a.id AND e.backdated AND e.seq >= p_first AND e.seq <= p_last
             WHERE a.id = p_account
             GROUP BY e.effective_at) t
    WINDOW past AS (ORDER BY t.effective_at)
$$;

-- The latest effective time of all entries of a running account up to the end of a span: that of the last entry in it
-- that is not backdated, else what it was before the span.
CREATE FUNCTION ledger_effective_high(p_account bigint, p_first bigint, p_last bigint, p_before timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT e.effective_at FROM ledger_entry e
                      WHERE e.account_id = p_account AND e.seq >= p_first AND e.seq <= p_last AND NOT e.backdated
                      ORDER BY e.seq DESC LIMIT 1), p_before)
$$;

-- Public: take the next block of a running account that is full: a large one of p_blocks small ones, else a small one of
-- p_entries backdated entries. Says whether there was one. Postings do not wait for it, another taker does.
CREATE FUNCTION ledger_take_block(p_account bigint, p_entries int, p_blocks int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_level smallint := 1;
    v_first bigint;
    v_last bigint;
    v_high timestamptz;
BEGIN
    IF p_entries IS NULL OR p_entries < 1 OR p_blocks IS NULL OR p_blocks < 2 THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'entries'));
    END IF;
    PERFORM 1 FROM ledger_account WHERE id = p_account AND running FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'account'));
    END IF;
    SELECT coalesce(max(k.last_seq), 0) + 1 INTO v_first
      FROM ledger_backdated_block k WHERE k.account_id = p_account AND k.level = 1;
    SELECT k.last_seq, k.effective_high INTO v_last, v_high
      FROM ledger_backdated_block k
     WHERE k.account_id = p_account AND k.level = 0 AND k.last_seq >= v_first
     ORDER BY k.last_seq OFFSET p_blocks - 1 LIMIT 1;
    IF NOT FOUND THEN
        v_level := 0;
        SELECT k.last_seq + 1, k.effective_high INTO v_first, v_high
          FROM ledger_backdated_block k WHERE k.account_id = p_account AND k.level = 0
         ORDER BY k.last_seq DESC LIMIT 1;
        v_first := coalesce(v_first, 1);
        SELECT e.seq INTO v_last
          FROM ledger_entry e WHERE e.account_id = p_account AND e.backdated AND e.seq >= v_first
         ORDER BY e.seq OFFSET p_entries - 1 LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        v_high := ledger_effective_high(p_account, v_first, v_last, v_high);
    END IF;
    WITH sums AS (
        INSERT INTO ledger_backdated_sum (account_id, level, last_seq, effective_at, balance, pending_in, pending_out)
        SELECT p_account, v_level, v_last, s.effective_at, s.balance, s.pending_in, s.pending_out
          FROM ledger_backdated_between(p_account, v_first, v_last) s
    )
    INSERT INTO ledger_backdated_block (account_id, level, first_seq, last_seq, entries, effective_high, taken_at, xid)
    SELECT p_account, v_level, v_first, v_last, count(*), v_high, clock_timestamp(), pg_current_xact_id()::text::bigint
      FROM ledger_entry e
     WHERE e.account_id = p_account AND e.backdated AND e.seq >= v_first AND e.seq <= v_last;
    RETURN true;
END $$;

-- The last sequence number, at most p_known, up to which everything had taken effect at p_effective. Blocks say in which
-- span the first later one is. Within it, an entry that is not backdated has the latest time so far, so the search goes
-- from one of these to another; what it reads on the way to the one before is never read again.
CREATE FUNCTION ledger_seq_effective(p_account bigint, p_effective timestamptz, p_known bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint;
    high bigint;
    middle bigint;
    earlier record;
BEGIN
    SELECT k.first_seq - 1, least(k.last_seq, p_known) INTO low, high
      FROM ledger_backdated_block k
     WHERE k.account_id = p_account AND k.level = 0 AND k.effective_high > p_effective
     ORDER BY k.effective_high, k.last_seq LIMIT 1;
    IF NOT FOUND THEN
        SELECT coalesce(max(k.last_seq), 0), p_known INTO low, high
          FROM ledger_backdated_block k WHERE k.account_id = p_account AND k.level = 0;
    END IF;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.seq, e.effective_at INTO earlier FROM ledger_entry e
         WHERE e.account_id = p_account AND e.seq > low AND e.seq <= middle AND NOT e.backdated
         ORDER BY e.seq DESC LIMIT 1;
        IF earlier.effective_at > p_effective THEN
            high := earlier.seq - 1;
        ELSE
            low := middle;
        END IF;
    END LOOP;
    RETURN least(low, p_known);
END $$;

-- What the backdated entries after p_from, up to p_to, come to that had taken effect at p_effective: the blocks of this
-- level that lie wholly between, and what is left on both sides by the next lower level; below the last one, entries.
CREATE FUNCTION ledger_backdated_sums(
    p_account bigint, p_level int, p_from bigint, p_to bigint, p_effective timestamptz,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    whole record;
    around record;
BEGIN
    IF p_from >= p_to THEN
        balance := 0;
        pending_in := 0;
        pending_out := 0;
    ELSIF p_level IS NULL OR p_level < 0 THEN
        SELECT coalesce(sum(s.change) FILTER (WHERE s.layer = 0), 0),
               coalesce(sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) = (s.change > 0)), 0),
               coalesce(-sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) <> (s.change > 0)), 0)
          INTO balance, pending_in, pending_out
          FROM (SELECT e.layer, e.amount * a.sign AS change
                  FROM ledger_account a
                  JOIN ledger_entry e ON e.account_id = a.id AND e.backdated AND e.seq > p_from AND e.seq <= p_to
                                     AND e.effective_at <= p_effective
                 WHERE a.id = p_account) s;
    ELSE
        SELECT min(k.first_seq) - 1 AS low, max(k.last_seq) AS high, coalesce(sum(s.balance), 0) AS balance,
               coalesce(sum(s.pending_in), 0) AS pending_in, coalesce(sum(s.pending_out), 0) AS pending_out
          INTO whole
          FROM ledger_backdated_block k
          LEFT JOIN LATERAL (SELECT x.balance, x.pending_in, x.pending_out FROM ledger_backdated_sum x
                              WHERE x.account_id = p_account AND x.level = p_level AND x.last_seq = k.last_seq
                                AND x.effective_at <= p_effective
                              ORDER BY x.effective_at DESC LIMIT 1) s ON true
         WHERE k.account_id = p_account AND k.level = p_level AND k.first_seq > p_from
           AND k.last_seq > p_from AND k.last_seq <= p_to;
        SELECT sum(r.balance) AS balance, sum(r.pending_in) AS pending_in, sum(r.pending_out) AS pending_out INTO around
          FROM (VALUES (p_from, coalesce(whole.low, p_to)), (whole.high, p_to)) AS part (low, high)
         CROSS JOIN LATERAL ledger_backdated_sums(p_account, p_level - 1, part.low, part.high, p_effective) r
         WHERE part.low IS NOT NULL;
        balance := whole.balance + around.balance;
        pending_in := whole.pending_in + around.pending_in;
        pending_out := whole.pending_out + around.pending_out;
    END IF;
END $$;

-- What an account held at p_effective (things that had happened), as known at p_recorded (things that we had learned);
-- NULL means now. `seq` is the last sequence number that counts, for running accounts.
--
-- Running accounts: up to some number of the sequence everything had taken effect; the figures of that entry hold all of
-- it. After that number only backdated entries can have, and they are to be added.
-- House accounts: `ledger_house_as_of`.
CREATE OR REPLACE FUNCTION ledger_as_of(
    p_account bigint, p_effective timestamptz, p_recorded timestamptz,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric, OUT seq bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_running boolean;
    v_known bigint;          -- the last sequence number known at p_recorded
    v_from bigint;           -- up to here everything counts
    v_late record;
BEGIN
    SELECT a.running INTO v_running FROM ledger_account a WHERE a.id = p_account;
    IF v_running IS NOT TRUE THEN
        SELECT h.balance, h.pending_in, h.pending_out INTO balance, pending_in, pending_out
          FROM ledger_house_as_of(p_account, p_effective, p_recorded) h;
        RETURN;
    END IF;
    v_known := CASE WHEN p_recorded IS NULL THEN (SELECT seq FROM ledger_balance WHERE account_id = p_account)
                    ELSE ledger_seq_at(p_account, p_recorded) END;
    v_from := v_known;
    IF p_effective IS NOT NULL THEN
        -- What took effect next: unless it came late, it is also the first of the sequence that took effect later.
        SELECT e.seq, e.backdated INTO v_late FROM ledger_entry e
         WHERE e.account_id = p_account AND e.effective_at > p_effective
         ORDER BY e.effective_at, e.id LIMIT 1;
        IF v_late.backdated THEN
            v_from := ledger_seq_effective(p_account, p_effective, v_known);
        ELSIF v_late.seq <= v_known THEN
            v_from := v_late.seq - 1;
        END IF;
    END IF;
    SELECT e.balance_after, e.pending_in_after, e.pending_out_after INTO balance, pending_in, pending_out
      FROM ledger_entry e WHERE e.account_id = p_account AND e.seq = v_from;
    balance := coalesce(balance, 0);
    pending_in := coalesce(pending_in, 0);
    pending_out := coalesce(pending_out, 0);
    IF EXISTS (SELECT 1 FROM ledger_entry e
                WHERE e.account_id = p_account AND e.backdated AND e.seq > v_from AND e.seq <= v_known) THEN
        SELECT s.* INTO v_late
          FROM ledger_backdated_sums(
                   p_account,
                   (SELECT max(k.level) FROM ledger_backdated_block k WHERE k.account_id = p_account)::int,
                   v_from, v_known, p_effective) s;
        balance := balance + v_late.balance;
        pending_in := pending_in + v_late.pending_in;
        pending_out := pending_out + v_late.pending_out;
    END IF;
    ledger_as_of.seq := v_known;
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ledger_take_block(bigint, int, int) SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION ledger_take_block FROM PUBLIC;
