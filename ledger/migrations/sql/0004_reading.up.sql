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

-- Checkpoints of one account are taken one after the other, each above the last; the times say when what they hold was
-- recorded, so that a question about what was known then finds the last one that held nothing later.
CREATE FUNCTION ledger_checkpoint_ordered() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM 1 FROM ledger_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
    SELECT c.horizon, c.recorded_high INTO last
      FROM ledger_checkpoint c WHERE c.account_id = NEW.account_id ORDER BY c.horizon DESC LIMIT 1;
    IF last.horizon >= NEW.horizon THEN
        RETURN NULL;
    END IF;
    SELECT min(e.recorded_at), greatest(max(e.recorded_at), last.recorded_high)
      INTO NEW.recorded_low, NEW.recorded_high
      FROM ledger_entry e
     WHERE e.account_id = NEW.account_id AND e.seq IS NULL
       AND e.xid >= coalesce(last.horizon, 0) AND e.xid < NEW.horizon;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_checkpoint_ordered BEFORE INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_ordered();

-- What a checkpoint adds, by the hour in which it took effect: the difference between two moments of effective time is
-- then a sum of hours and the entries of one hour, never of history.
CREATE FUNCTION ledger_checkpoint_hours() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_checkpoint_hour (account_id, horizon, hour, balance, pending_in, pending_out, entries)
    SELECT NEW.account_id, NEW.horizon, s.hour, s.balance, s.pending_in, s.pending_out, s.entries
      FROM ledger_hour_sums(
               NEW.account_id,
               coalesce((SELECT max(c.horizon) FROM ledger_checkpoint c
                          WHERE c.account_id = NEW.account_id AND c.horizon < NEW.horizon), 0),
               NEW.horizon) s;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_checkpoint_hours AFTER INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_hours();

-- Sums by hour of effective time of one account's entries written by database transactions in [p_from, p_to).
CREATE FUNCTION ledger_hour_sums(p_account bigint, p_from bigint, p_to bigint)
RETURNS TABLE (hour timestamptz, balance numeric, pending_in numeric, pending_out numeric, entries bigint)
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('hour', e.effective_at, 'UTC'),
           coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer = 0), 0),
           coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer <> 0
                                                     AND (e.layer = 1) = (e.amount * a.sign > 0)), 0),
           coalesce(-sum(e.amount * a.sign) FILTER (WHERE e.layer <> 0
                                                      AND (e.layer = 1) <> (e.amount * a.sign > 0)), 0),
           count(*)
      FROM ledger_account a
      JOIN ledger_entry e ON e.account_id = a.id AND e.seq IS NULL AND e.xid >= p_from AND e.xid < p_to
     WHERE a.id = p_account
     GROUP BY 1
$$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_checkpoint_hour
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_checkpoint_hour
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- What a house account held at p_effective as known at p_recorded; NULL means now. Begins with the last checkpoint that
-- holds nothing recorded later, takes of it the hours that count, less the entries of the last of them that took effect
-- later, and adds the entries that it does not hold: those of the next one, and those that none holds yet. A database
-- transaction that was under way when a checkpoint was taken may have recorded early what a later checkpoint holds;
-- `recorded_low` says how far to look.
CREATE FUNCTION ledger_house_as_of(
    p_account bigint, p_effective timestamptz, p_recorded timestamptz,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_sign smallint := (SELECT a.sign FROM ledger_account a WHERE a.id = p_account);
    v_base bigint;      -- the horizon of the base
    v_next bigint;      -- up to here, checkpoints after it may hold what was recorded in time
    v_last bigint;      -- from here on, no checkpoint holds anything
    v_hour timestamptz := date_trunc('hour', p_effective, 'UTC') + interval '1 hour';
    v_early boolean;
    held record;        -- what the base holds, whole hours
    later record;       -- of the last of these hours, what took effect later
    fresh record;       -- what the base does not hold
BEGIN
    SELECT max(c.horizon) INTO v_last FROM ledger_checkpoint c WHERE c.account_id = p_account;
    IF p_recorded IS NULL THEN
        v_base := v_last;
    ELSE
        SELECT c.horizon INTO v_base FROM ledger_checkpoint c
         WHERE c.account_id = p_account AND c.recorded_high <= p_recorded
         ORDER BY c.recorded_high DESC, c.horizon DESC LIMIT 1;
        SELECT max(c.horizon) INTO v_next FROM ledger_checkpoint c
         WHERE c.account_id = p_account AND c.recorded_low <= p_recorded AND c.horizon > coalesce(v_base, 0);
    END IF;
    IF p_effective IS NULL THEN
        SELECT c.balance, c.pending_in, c.pending_out INTO held
          FROM ledger_checkpoint c WHERE c.account_id = p_account AND c.horizon = v_base;
    ELSE
        -- The hours before, or everything less the hours after: whichever are likely to be fewer.
        SELECT p_effective - min(h.hour) < max(h.hour) - p_effective INTO v_early
          FROM ledger_checkpoint_hour h WHERE h.account_id = p_account;
        SELECT coalesce(sum(h.balance), 0) AS balance, coalesce(sum(h.pending_in), 0) AS pending_in,
               coalesce(sum(h.pending_out), 0) AS pending_out
          INTO held FROM ledger_checkpoint_hour h
         WHERE h.account_id = p_account AND h.horizon <= v_base
           AND h.hour >= CASE WHEN v_early THEN '-infinity' ELSE v_hour END
           AND h.hour < CASE WHEN v_early THEN v_hour ELSE 'infinity' END;
        IF NOT v_early THEN
            SELECT c.balance - held.balance AS balance, c.pending_in - held.pending_in AS pending_in,
                   c.pending_out - held.pending_out AS pending_out
              INTO held FROM ledger_checkpoint c WHERE c.account_id = p_account AND c.horizon = v_base;
        END IF;
    END IF;
    SELECT coalesce(sum(s.change) FILTER (WHERE s.layer = 0), 0) AS balance,
           coalesce(sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) = (s.change > 0)), 0) AS pending_in,
           coalesce(-sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) <> (s.change > 0)), 0) AS pending_out
      INTO later
      FROM (SELECT e.layer, e.amount * v_sign AS change FROM ledger_entry e
             WHERE e.account_id = p_account AND e.effective_at > p_effective AND e.effective_at < v_hour
               AND e.xid < v_base) s;

    SELECT coalesce(sum(s.change) FILTER (WHERE s.layer = 0), 0) AS balance,
           coalesce(sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) = (s.change > 0)), 0) AS pending_in,
           coalesce(-sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) <> (s.change > 0)), 0) AS pending_out
      INTO fresh
      FROM (SELECT e.layer, e.amount * v_sign AS change FROM ledger_entry e
             WHERE e.account_id = p_account AND e.seq IS NULL
               AND e.xid >= coalesce(v_base, 0) AND e.xid < v_next AND e.xid < v_last
               AND e.recorded_at <= p_recorded AND (p_effective IS NULL OR e.effective_at <= p_effective)
            UNION ALL
            SELECT e.layer, e.amount * v_sign FROM ledger_entry e
             WHERE e.account_id = p_account AND e.seq IS NULL AND e.xid >= coalesce(v_last, 0)
               AND (p_recorded IS NULL OR e.recorded_at <= p_recorded)
               AND (p_effective IS NULL OR e.effective_at <= p_effective)) s;

    balance := coalesce(held.balance, 0) - later.balance + fresh.balance;
    pending_in := coalesce(held.pending_in, 0) - later.pending_in + fresh.pending_in;
    pending_out := coalesce(held.pending_out, 0) - later.pending_out + fresh.pending_out;
END $$;

-- What an account held at p_effective (things that had happened), as known at p_recorded (things that we had learned);
-- NULL means now. `seq` is the last sequence number that counts, for running accounts.
--
-- Running accounts: the entries that are not backdated have effective times that never fall as the sequence rises. So
-- the figures after the last of them that counts hold everything before it, and only backdated entries after it remain
-- to be added.
-- House accounts: `ledger_house_as_of`.
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
    v_rest record;
BEGIN
    SELECT a.sign, a.running INTO v_sign, v_running FROM ledger_account a WHERE a.id = p_account;
    IF v_running IS NOT TRUE THEN
        SELECT h.balance, h.pending_in, h.pending_out INTO balance, pending_in, pending_out
          FROM ledger_house_as_of(p_account, p_effective, p_recorded) h;
        RETURN;
    END IF;
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

    SELECT coalesce(sum(s.change) FILTER (WHERE s.layer = 0), 0) AS balance,
           coalesce(sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) = (s.change > 0)), 0) AS pending_in,
           coalesce(-sum(s.change) FILTER (WHERE s.layer <> 0 AND (s.layer = 1) <> (s.change > 0)), 0) AS pending_out
      INTO v_rest
      FROM (-- backdated, after the base, in effect by then
            SELECT e.layer, e.amount * v_sign AS change FROM ledger_entry e
             WHERE p_effective IS NOT NULL AND e.account_id = p_account AND e.backdated
               AND e.seq > coalesce(v_from, 0) AND e.seq <= v_known AND e.effective_at <= p_effective) s;
    ledger_as_of.balance := coalesce(v_balance, 0) + v_rest.balance;
    ledger_as_of.pending_in := coalesce(v_in, 0) + v_rest.pending_in;
    ledger_as_of.pending_out := coalesce(v_out, 0) + v_rest.pending_out;
    ledger_as_of.seq := v_known;
END $$;

REVOKE EXECUTE ON FUNCTION ledger_checkpoint_ordered FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_checkpoint_hours FROM PUBLIC;
