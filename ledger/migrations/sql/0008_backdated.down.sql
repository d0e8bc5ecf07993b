-- As before: all backdated entries are added up.
CREATE OR REPLACE FUNCTION ledger_as_of(
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

DROP FUNCTION ledger_backdated_sums(bigint, int, bigint, bigint, timestamptz);
DROP FUNCTION ledger_seq_effective(bigint, timestamptz, bigint);
DROP FUNCTION ledger_take_block(bigint, int, int);
DROP FUNCTION ledger_effective_high(bigint, bigint, bigint, timestamptz);
DROP FUNCTION ledger_backdated_between(bigint, bigint, bigint);
DROP TRIGGER ledger_no_truncate ON ledger_backdated_sum;
DROP TRIGGER ledger_append_only ON ledger_backdated_sum;
DROP TRIGGER ledger_no_truncate ON ledger_backdated_block;
DROP TRIGGER ledger_append_only ON ledger_backdated_block;
