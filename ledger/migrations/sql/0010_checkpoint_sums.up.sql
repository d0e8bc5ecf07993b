-- Running sums of checkpoints: what a house account held at any time is then a few sums, whatever came late and however
-- often checkpoints were taken.
--
-- The checkpoints of an account are numbered. With every 32nd goes a block of level 1, with every 1,024th one of level 2,
-- and so on: for each hour in which something took effect that the last 32, 1,024, ... checkpoints added, the sum of all
-- that they added up to the end of this hour.

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_checkpoint_sum
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_checkpoint_sum
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- Numbers them too: one after the other, without gaps.
CREATE OR REPLACE FUNCTION ledger_checkpoint_ordered() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM 1 FROM ledger_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
    SELECT c.horizon, c.recorded_high, c.number INTO last
      FROM ledger_checkpoint c WHERE c.account_id = NEW.account_id ORDER BY c.horizon DESC LIMIT 1;
    IF last.horizon >= NEW.horizon THEN
        RETURN NULL;
    END IF;
    SELECT min(e.recorded_at), greatest(max(e.recorded_at), last.recorded_high)
      INTO NEW.recorded_low, NEW.recorded_high
      FROM ledger_entry e
     WHERE e.account_id = NEW.account_id AND e.seq IS NULL
       AND e.xid >= coalesce(last.horizon, 0) AND e.xid < NEW.horizon;
    NEW.number := coalesce(last.number, 0) + 1;
    RETURN NEW;
END $$;

-- What the checkpoints above one horizon, up to another, add until the end of each hour of theirs.
CREATE FUNCTION ledger_checkpoint_running(p_account bigint, p_after bigint, p_to bigint)
RETURNS TABLE (hour timestamptz, balance numeric, pending_in numeric, pending_out numeric) LANGUAGE sql STABLE AS $$
    SELECT h.hour, sum(sum(h.balance)) OVER past, sum(sum(h.pending_in)) OVER past, sum(sum(h.pending_out)) OVER past
      FROM ledger_checkpoint_hour h
     WHERE h.account_id = p_account AND h.horizon > p_after AND h.horizon <= p_to
     GROUP BY h.hour
    WINDOW past AS (ORDER BY h.hour)
$$;

-- The blocks that end with the checkpoint of this number, and the horizon after which each begins.
CREATE FUNCTION ledger_checkpoint_blocks(p_account bigint, p_number bigint)
RETURNS TABLE (level smallint, after bigint) LANGUAGE sql STABLE AS $$
    SELECT l::smallint, coalesce((SELECT c.horizon FROM ledger_checkpoint c
                                   WHERE c.account_id = p_account AND c.number = p_number - (1::bigint << 5 * l)), 0)
      FROM generate_series(1, 6) l WHERE p_number % (1::bigint << 5 * l) = 0
$$;

-- After `ledger_checkpoint_hours`, by name.
CREATE FUNCTION ledger_checkpoint_sums() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_checkpoint_sum (account_id, level, horizon, hour, balance, pending_in, pending_out)
    SELECT NEW.account_id, b.level, NEW.horizon, r.hour, r.balance, r.pending_in, r.pending_out
      FROM ledger_checkpoint_blocks(NEW.account_id, NEW.number) b
     CROSS JOIN LATERAL ledger_checkpoint_running(NEW.account_id, b.after, NEW.horizon) r;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_checkpoint_sums AFTER INSERT ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_sums();

-- What the first p_number checkpoints of an account, the last with horizon p_base, hold of the hours before p_hour: one
-- sum of each of the largest blocks that they fall into, and the hours of those after the last block.
CREATE FUNCTION ledger_checkpoint_before(
    p_account bigint, p_number bigint, p_base bigint, p_hour timestamptz,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_whole bigint := coalesce((SELECT c.horizon FROM ledger_checkpoint c
                                 WHERE c.account_id = p_account AND c.number = p_number / 32 * 32), 0);
BEGIN
    SELECT coalesce(sum(s.balance), 0), coalesce(sum(s.pending_in), 0), coalesce(sum(s.pending_out), 0)
      INTO balance, pending_in, pending_out
      FROM (SELECT x.balance, x.pending_in, x.pending_out
              FROM generate_series(1, 6) l
             CROSS JOIN LATERAL generate_series((p_number >> 5 * l + 5 << 5) + 1, p_number >> 5 * l) n
             CROSS JOIN LATERAL (SELECT c.horizon FROM ledger_checkpoint c
                                  WHERE c.account_id = p_account AND c.number = n << 5 * l LIMIT 1) c
             CROSS JOIN LATERAL (SELECT s.balance, s.pending_in, s.pending_out FROM ledger_checkpoint_sum s
                                  WHERE s.account_id = p_account AND s.level = l AND s.horizon = c.horizon
                                    AND s.hour < p_hour
                                  ORDER BY s.hour DESC LIMIT 1) x
             UNION ALL
            SELECT h.balance, h.pending_in, h.pending_out FROM ledger_checkpoint_hour h
             WHERE h.account_id = p_account AND h.horizon > v_whole AND h.horizon <= p_base AND h.hour < p_hour) s;
END $$;

-- What a house account held at p_effective as known at p_recorded; NULL means now. Begins with the last checkpoint that
-- holds nothing recorded later, takes of it the hours that count, less the entries of the last of them that took effect
-- later, and adds the entries that it does not hold: those of the next one, and those that none holds yet. A database
-- transaction that was under way when a checkpoint was taken may have recorded early what a later checkpoint holds;
-- `recorded_low` says how far to look.
CREATE OR REPLACE FUNCTION ledger_house_as_of(
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
    base record;
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
    SELECT c.number, c.balance, c.pending_in, c.pending_out INTO base
      FROM ledger_checkpoint c WHERE c.account_id = p_account AND c.horizon = v_base;
    IF p_effective IS NULL THEN
        SELECT base.balance, base.pending_in, base.pending_out INTO held;
    ELSE
        SELECT s.* INTO held FROM ledger_checkpoint_before(p_account, base.number, v_base, v_hour) s;
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

REVOKE EXECUTE ON FUNCTION ledger_checkpoint_ordered FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ledger_checkpoint_sums FROM PUBLIC;
