-- Reading the past: what an account held at a time, by either clock, and finding what was written since.

-- Rows are written in the order of their database transactions, more or less: a few bytes per megabyte are enough to
-- find those written since a horizon, for checks that look only at what is new.
CREATE INDEX ledger_transaction_xid ON ledger_transaction USING brin (xid) WITH (pages_per_range = 16);
CREATE INDEX ledger_entry_xid ON ledger_entry USING brin (xid) WITH (pages_per_range = 16);

-- The last sequence number that a running account had recorded at p_recorded. Recorded times never fall as the
-- sequence rises, so a binary search over the unique index finds it.
CREATE FUNCTION ledger_seq_at(p_account bigint, p_recorded timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
BEGIN
    SELECT b.seq INTO high FROM ledger_balance b WHERE b.account_id = p_account;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT e.recorded_at FROM ledger_entry e WHERE e.account_id = p_account AND e.seq = middle) <= p_recorded THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END $$;

-- What an account held at p_effective (things that had happened), as known at p_recorded (things that we had learned);
-- NULL means now. `seq` is the last sequence number that counts, for running accounts.
--
-- Running accounts: the entries that are not backdated have effective times that never fall as the sequence rises. So
-- the figures after the last of them that counts hold everything before it, and only backdated entries after it remain
-- to be added.
-- House accounts: today's figures (checkpoint and the entries since) less what took effect later; as known at an earlier
-- time, the sum.
CREATE FUNCTION ledger_as_of(
    p_account bigint, p_effective timestamptz, p_recorded timestamptz,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric, OUT seq bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_sign smallint;
    v_running boolean;
    v_known bigint;          -- the last sequence number known at p_recorded
    v_from bigint;           -- the sequence number of the base
    v_balance numeric := 0;  -- the figures of the base
    v_in numeric := 0;
    v_out numeric := 0;
    v_factor int := 1;
    v_rest record;
BEGIN
    SELECT a.sign, a.running INTO v_sign, v_running FROM ledger_account a WHERE a.id = p_account;
    IF v_running THEN
        v_known := CASE WHEN p_recorded IS NULL THEN (SELECT seq FROM ledger_balance WHERE account_id = p_account)
                        ELSE ledger_seq_at(p_account, p_recorded) END;
        IF p_effective IS NULL THEN
            v_from := v_known;
        ELSE
            SELECT e.seq INTO v_from FROM ledger_entry e
             WHERE e.account_id = p_account AND NOT e.backdated AND e.effective_at <= p_effective
             ORDER BY e.effective_at DESC, e.id DESC LIMIT 1;
            IF v_from > v_known THEN
                SELECT e.seq INTO v_from FROM ledger_entry e
                 WHERE e.account_id = p_account AND NOT e.backdated AND e.seq <= v_known
                 ORDER BY e.seq DESC LIMIT 1;
            END IF;
        END IF;
        SELECT e.balance_after, e.pending_in_after, e.pending_out_after INTO v_balance, v_in, v_out
          FROM ledger_entry e WHERE e.account_id = p_account AND e.seq = v_from;
    ELSIF p_recorded IS NULL THEN
        SELECT n.balance, n.pending_in, n.pending_out INTO v_balance, v_in, v_out FROM ledger_balance_now(p_account) n;
        v_factor := -1;
    END IF;

    SELECT coalesce(sum(s.change) FILTER (WHERE s.layer = 0), 0) AS balance,
           coalesce(sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) = (s.change > 0)), 0) AS pending_in,
           coalesce(-sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) <> (s.change > 0)), 0) AS pending_out
      INTO v_rest
      FROM (-- backdated, after the base, in effect by then
            SELECT e.layer, e.amount * v_sign AS change FROM ledger_entry e
             WHERE v_running AND p_effective IS NOT NULL AND e.account_id = p_account AND e.backdated
               AND e.seq > coalesce(v_from, 0) AND e.seq <= v_known AND e.effective_at <= p_effective
            UNION ALL
            -- house, as known now: what took effect later
            SELECT e.layer, e.amount * v_sign FROM ledger_entry e
             WHERE NOT v_running AND p_recorded IS NULL AND e.account_id = p_account AND e.effective_at > p_effective
            UNION ALL
            -- house, as known then
            SELECT e.layer, e.amount * v_sign FROM ledger_entry e
             WHERE NOT v_running AND p_recorded IS NOT NULL AND e.account_id = p_account
               AND e.recorded_at <= p_recorded AND (p_effective IS NULL OR e.effective_at <= p_effective)) s;
    ledger_as_of.balance := coalesce(v_balance, 0) + v_factor * v_rest.balance;
    ledger_as_of.pending_in := coalesce(v_in, 0) + v_factor * v_rest.pending_in;
    ledger_as_of.pending_out := coalesce(v_out, 0) + v_factor * v_rest.pending_out;
    ledger_as_of.seq := v_known;
END $$;
