-- The general-ledger mapping and what was exported are written once. A line of the mapping may only speak of days that
-- have not been handed over yet: the same day gives the same bytes for ever. Whoever exports and whoever changes the
-- mapping take the same lock, so neither can slip in between the other's look and his writing.
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_gl_mapping
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_gl_export
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_gl_mapping
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_gl_export
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

CREATE FUNCTION ledger_gl_mapping_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_last date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_gl', 0));
    SELECT max(day) INTO v_last FROM ledger_gl_export;
    IF NEW.valid_from <= v_last THEN
        PERFORM ledger_refuse('period_closed', jsonb_build_object('param', 'valid_from', 'exported', v_last));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_gl_mapping_guard BEFORE INSERT ON ledger_gl_mapping
    FOR EACH ROW EXECUTE FUNCTION ledger_gl_mapping_guard();

-- A balance monitor looks onward only: what has been looked at is not looked at again, and nothing is skipped. What it
-- watches and at which level changes only together with its version; a retired one stays as it is.
CREATE FUNCTION ledger_balance_monitor_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF OLD.state = 'retired' THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'the monitor is retired'));
    END IF;
    IF NEW.horizon < OLD.horizon
       OR NEW.horizon > greatest(OLD.horizon, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
       OR (NEW.id, NEW.account_id, NEW.category, NEW.kind, NEW.prefix, NEW.currency, NEW.measure)
          IS DISTINCT FROM
          (OLD.id, OLD.account_id, OLD.category, OLD.kind, OLD.prefix, OLD.currency, OLD.measure)
       OR ((NEW.way, NEW.threshold, NEW.clear_at) IS DISTINCT FROM (OLD.way, OLD.threshold, OLD.clear_at)
           AND NEW.version <= OLD.version) THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_balance_monitor_guard BEFORE UPDATE ON ledger_balance_monitor
    FOR EACH ROW EXECUTE FUNCTION ledger_balance_monitor_guard();

-- What a part of the book held below a horizon: what it holds now less what was written since. p_sign turns the sum into
-- the direction in which it is shown; a running account brings its live row, a house account is added up.
CREATE FUNCTION ledger_sum_below(
    p_category text, p_kind text, p_prefix text, p_currency text, p_sign int, p_available boolean, p_horizon bigint
) RETURNS numeric LANGUAGE sql STABLE AS $$
    WITH part AS (
        SELECT a.id, a.sign FROM ledger_account a
         WHERE a.currency = p_currency AND (p_category = '' OR a.category = p_category)
           AND (p_kind = '' OR a.kind = p_kind)
           AND (p_prefix = '' OR a.code = p_prefix OR starts_with(a.code, p_prefix || '/'))
    )
    SELECT p_sign * (
        coalesce((SELECT sum(p.sign * (coalesce(b.balance, h.balance)
                                       - CASE WHEN p_available THEN coalesce(b.pending_out, h.pending_out) ELSE 0 END))
                    FROM part p
                    LEFT JOIN ledger_balance b ON b.account_id = p.id
                    LEFT JOIN LATERAL ledger_balance_now(CASE WHEN b.account_id IS NULL THEN p.id END) h
                           ON b.account_id IS NULL), 0)
      - coalesce((SELECT sum(e.amount)
                    FROM ledger_entry e JOIN part p ON p.id = e.account_id
                   WHERE e.xid >= p_horizon
                     AND (e.layer = 0 OR p_available AND (e.layer = 1) = (e.amount * p.sign < 0))), 0))
$$;

-- The steps of that sum from one horizon to another: one row per transaction that changed it, in the order in which it
-- was recorded (per running account that is the order of its sequence).
CREATE FUNCTION ledger_sum_steps(
    p_category text, p_kind text, p_prefix text, p_currency text, p_sign int, p_available boolean,
    p_from bigint, p_to bigint
) RETURNS TABLE (transaction_id uuid, recorded_at timestamptz, change numeric) LANGUAGE sql STABLE AS $$
    SELECT e.transaction_id, max(e.recorded_at), p_sign * sum(e.amount)
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
     WHERE e.xid >= p_from AND e.xid < p_to
       AND a.currency = p_currency AND (p_category = '' OR a.category = p_category)
       AND (p_kind = '' OR a.kind = p_kind)
       AND (p_prefix = '' OR a.code = p_prefix OR starts_with(a.code, p_prefix || '/'))
       AND (e.layer = 0 OR p_available AND (e.layer = 1) = (e.amount * a.sign < 0))
     GROUP BY e.transaction_id HAVING sum(e.amount) <> 0
     ORDER BY max(e.recorded_at), max(e.id)
$$;

DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p
              WHERE p.pronamespace = current_schema()::regnamespace
                AND p.proname IN ('ledger_gl_mapping_guard', 'ledger_balance_monitor_guard') LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f.name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.name);
    END LOOP;
END $$;
