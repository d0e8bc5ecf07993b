-- Periods: a closed business day is frozen. Nothing that took effect in it can be written any more, by any route, and
-- its statements are the same bytes for ever.

CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_entity
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_period_account
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_entity', 'ledger_period', 'ledger_period_account'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()', name);
    END LOOP;
END $$;

-- What is closed stays closed, and the days that were closed were days of this zone.
CREATE FUNCTION ledger_entity_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR (OLD.closed_before IS NOT NULL AND (NEW.zone <> OLD.zone OR NEW.closed_before IS NULL
                                                              OR NEW.closed_before < OLD.closed_before)) THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entity_fixed BEFORE UPDATE ON ledger_entity
    FOR EACH ROW EXECUTE FUNCTION ledger_entity_fixed();

CREATE FUNCTION ledger_period_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'closed' OR (NEW.id, NEW.entity_id, NEW.kind, NEW.label, NEW.starts_on, NEW.starts_at, NEW.ends_at)
                               IS DISTINCT FROM
                               (OLD.id, OLD.entity_id, OLD.kind, OLD.label, OLD.starts_on, OLD.starts_at, OLD.ends_at) THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_period_fixed BEFORE UPDATE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_period_fixed();

-- The moment at which a day begins in a zone: the first one that the zone calls by this date. Where midnight does not
-- exist that is the moment of the change; where it comes twice, the first.
CREATE FUNCTION ledger_day_starts(p_day date, p_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(m) FROM generate_series(p_day::timestamp AT TIME ZONE p_zone - interval '3 hours',
                                       p_day::timestamp AT TIME ZONE p_zone, interval '15 minutes') m
     WHERE (m AT TIME ZONE p_zone)::date >= p_day
$$;

-- Postings of one business day hold its lock together until they commit; whoever closes the day takes it alone, and so
-- waits for every posting that was under way and lets none begin. Sixteen locks serve all days: a batch that spans years
-- holds few, and today's never waits for yesterday's.
CREATE FUNCTION ledger_day_lock(p_day date) RETURNS int
LANGUAGE sql IMMUTABLE AS $$ SELECT (p_day - date '2000-01-01') & 15 $$;

-- Every header, whoever writes it: refused when its effective time is closed. A posting that asks to land in the next open
-- day (metadata {"land": "next_open"}) takes effect at the first open moment instead and keeps a pointer, `corrects`, to
-- where it belongs; nobody else can write that pointer. Which day is closed is read after the lock is held, by a
-- statement of its own, so it is current; with an older snapshot than that (repeatable read), the row itself is
-- locked, which fails where it has changed. Runs after the stamp, by its name. Only functions with their owner's rights
-- can insert headers, so no search path is set here: it would cost more than the look-up.
CREATE FUNCTION ledger_transaction_unclosed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_zone text;
    v_closed timestamptz;
    v_wanted timestamptz := NEW.effective_at;
    v_lands boolean := false;
BEGIN
    IF NEW.metadata IS NOT NULL AND NEW.metadata ?| ARRAY['land', 'corrects'] THEN
        IF NEW.metadata ? 'corrects' OR NEW.metadata ->> 'land' IS DISTINCT FROM 'next_open' THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'metadata'));
        END IF;
        v_lands := true;
        NEW.metadata := nullif(NEW.metadata - 'land', '{}');
    END IF;
    SELECT e.zone INTO v_zone FROM ledger_entity e;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('unavailable', jsonb_build_object('reason', 'there is no legal entity'));
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM 1 FROM ledger_entity FOR SHARE;
    END IF;
    LOOP
        PERFORM pg_advisory_xact_lock_shared(5050, ledger_day_lock((NEW.effective_at AT TIME ZONE v_zone)::date));
        SELECT e.closed_before INTO v_closed FROM ledger_entity e;
        EXIT WHEN v_closed IS NULL OR NEW.effective_at >= v_closed;
        IF NOT v_lands THEN
            -- What was written before the closing is still answered when it is said again.
            IF EXISTS (SELECT 1 FROM ledger_transaction t
                        WHERE t.idempotency_key = NEW.idempotency_key OR (t.source_system = NEW.source_system
                              AND t.source_kind = NEW.source_kind AND t.source_id = NEW.source_id)) THEN
                RETURN NEW;
            END IF;
            PERFORM ledger_refuse('period_closed', jsonb_build_object('param', 'effective_at',
                'closed_before', to_char(v_closed AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'reason', 'what took effect before ' || to_char(v_closed AT TIME ZONE v_zone, 'YYYY-MM-DD')
                          || ' is closed'));
        END IF;
        NEW.effective_at := v_closed;
    END LOOP;
    IF NEW.effective_at <> v_wanted THEN
        NEW.metadata := coalesce(NEW.metadata, '{}') || jsonb_build_object('corrects', jsonb_build_object(
            'period', to_char(v_wanted AT TIME ZONE v_zone, 'YYYY-MM-DD'),
            'effective_at', to_char(v_wanted AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_transaction_unclosed BEFORE INSERT ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_transaction_unclosed();

-- For a batch: per draft, before which moment everything is closed, where its effective time is; NULL where it is open or
-- asks to land elsewhere. Holds the locks of all its days, in order, so that none is closed before it commits.
CREATE FUNCTION ledger_closed_days(p_effective timestamptz[], p_metadata text[]) RETURNS timestamptz[]
LANGUAGE plpgsql AS $$
DECLARE
    v_zone text;
BEGIN
    SELECT e.zone INTO v_zone FROM ledger_entity e;
    PERFORM pg_advisory_xact_lock_shared(5050, s.slot)
       FROM (SELECT DISTINCT ledger_day_lock((coalesce(u.at, clock_timestamp()) AT TIME ZONE v_zone)::date) AS slot
               FROM unnest(p_effective) AS u (at) ORDER BY 1) s;
    RETURN (SELECT array_agg(CASE WHEN u.at < e.closed_before AND (u.metadata::jsonb ->> 'land') IS NULL
                                  THEN e.closed_before END ORDER BY u.ord)
              FROM unnest(p_effective, p_metadata) WITH ORDINALITY AS u (at, metadata, ord)
             CROSS JOIN ledger_entity e);
END $$;

CREATE INDEX ledger_transaction_corrects ON ledger_transaction ((metadata -> 'corrects' ->> 'period'))
    WHERE metadata ? 'corrects';

-- Public: name a day or a month as a period, so that it can be looked at and closed. The same one again is the same row.
CREATE FUNCTION ledger_period_open(p_kind text, p_day date, OUT id bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_entity record;
    v_first date := CASE p_kind WHEN 'month' THEN date_trunc('month', p_day)::date WHEN 'day' THEN p_day END;
    v_next date := CASE p_kind WHEN 'month' THEN (v_first + interval '1 month')::date ELSE v_first + 1 END;
BEGIN
    SELECT e.id, e.zone INTO v_entity FROM ledger_entity e;
    IF v_first IS NULL OR v_entity.id IS NULL OR v_first NOT BETWEEN '1970-01-02' AND '2999-01-01' THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'label'));
    END IF;
    INSERT INTO ledger_period (entity_id, kind, label, starts_on, starts_at, ends_at, state, closed_by)
    VALUES (v_entity.id, p_kind, to_char(v_first, CASE p_kind WHEN 'month' THEN 'YYYY-MM' ELSE 'YYYY-MM-DD' END), v_first,
            ledger_day_starts(v_first, v_entity.zone), ledger_day_starts(v_next, v_entity.zone), 'open', '')
    ON CONFLICT DO NOTHING;
    SELECT p.id INTO ledger_period_open.id FROM ledger_period p
     WHERE p.entity_id = v_entity.id AND p.kind = p_kind AND p.starts_on = v_first;
END $$;

CREATE FUNCTION ledger_time_text(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE FUNCTION ledger_quoted(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT '"' || replace(p_text, '"', '""') || '"' $$;

-- The statement of one account over one period: the very bytes (UTF-8) whose SHA-256 is kept at closing. A day lists its
-- entries; a month lists its days with the digests of their statements. It names nothing that can be reworded later.
-- `ledger.statement_text` writes the same text without a database.
CREATE FUNCTION ledger_statement(
    p_account bigint, p_period bigint,
    OUT body text, OUT opening numeric, OUT closing numeric, OUT pending_in numeric, OUT pending_out numeric,
    OUT entries bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    a record;
    p record;
    first record;
    last record;
    v_title text;
    v_rows text;
BEGIN
    SELECT x.code, x.currency, x.sign, x.exponent INTO a FROM ledger_account x WHERE x.id = p_account;
    SELECT x.*, e.zone INTO p FROM ledger_period x JOIN ledger_entity e ON e.id = x.entity_id WHERE x.id = p_period;
    IF a.code IS NULL OR p.id IS NULL THEN
        RETURN;
    END IF;
    SELECT n.* INTO first FROM ledger_as_of(p_account, p.starts_at - interval '1 microsecond', NULL) n;
    SELECT n.* INTO last FROM ledger_as_of(p_account, p.ends_at - interval '1 microsecond', NULL) n;
    v_title := ledger_quoted(concat_ws(' ', a.code, a.currency, p.label, p.zone));
    IF p.kind = 'day' THEN
        SELECT count(*), coalesce(string_agg(concat_ws(',', 'entry', ledger_time_text(s.effective_at), s.id::text,
                   s.transaction_id::text, s.leg::text, s.reason,
                   ledger_quoted(coalesce(concat_ws('/', s.source_system, s.source_kind, s.source_id), '')),
                   (ARRAY['posted', 'pending', 'released'])[s.layer + 1], round(s.change, a.exponent)::text,
                   round(first.balance + s.posted, a.exponent)::text, '', '') || E'\n', '' ORDER BY s.effective_at, s.id), '')
          INTO entries, v_rows
          FROM (SELECT e.id, e.transaction_id, e.leg, e.layer, e.effective_at, e.amount * a.sign AS change, t.reason,
                       t.source_system, t.source_kind, t.source_id,
                       sum(CASE WHEN e.layer = 0 THEN e.amount * a.sign ELSE 0 END)
                           OVER (ORDER BY e.effective_at, e.id) AS posted
                  FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
                 WHERE e.account_id = p_account AND e.effective_at >= p.starts_at AND e.effective_at < p.ends_at) s;
        body := E'row,effective_at,entry,transaction,leg,reason,reference,layer,change,balance,pending_in,pending_out\n'
            || concat_ws(',', 'opening', ledger_time_text(p.starts_at), '', '', '', '', v_title, '', '',
                         round(first.balance, a.exponent)::text, round(first.pending_in, a.exponent)::text,
                         round(first.pending_out, a.exponent)::text) || E'\n'
            || v_rows
            || concat_ws(',', 'closing', ledger_time_text(p.ends_at), '', '', '', '', v_title, '', '',
                         round(last.balance, a.exponent)::text, round(last.pending_in, a.exponent)::text,
                         round(last.pending_out, a.exponent)::text) || E'\n';
    ELSE
        SELECT coalesce(sum(k.entries), 0), coalesce(string_agg(concat_ws(',', 'day', d.label, k.entries::text,
                   round(k.closing, a.exponent)::text, k.digest) || E'\n', '' ORDER BY d.starts_on), '')
          INTO entries, v_rows
          FROM ledger_period d JOIN ledger_period_account k ON k.period_id = d.id AND k.account_id = p_account
         WHERE d.entity_id = p.entity_id AND d.kind = 'day' AND d.starts_at >= p.starts_at AND d.ends_at <= p.ends_at;
        body := E'row,period,entries,balance,digest\n'
            || concat_ws(',', 'opening', v_title, '', round(first.balance, a.exponent)::text, '') || E'\n' || v_rows
            || concat_ws(',', 'closing', v_title, entries::text, round(last.balance, a.exponent)::text, '') || E'\n';
    END IF;
    opening := first.balance;
    closing := last.balance;
    pending_in := last.pending_in;
    pending_out := last.pending_out;
END $$;

-- The trial balance at the end of a period as text; accounts that hold nothing are left out, so that one opened later
-- changes no byte.
CREATE FUNCTION ledger_trial_balance(p_period bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT E'account,currency,category,debit,credit,pending_in,pending_out\n'
        || ledger_quoted(concat_ws(' ', 'period', p.label, p.zone)) || E',,,,,,\n'
        || coalesce(string_agg(concat_ws(',', a.code, a.currency, a.category,
               round(greatest(-n.balance * a.sign, 0), a.exponent)::text,
               round(greatest(n.balance * a.sign, 0), a.exponent)::text, round(n.pending_in, a.exponent)::text,
               round(n.pending_out, a.exponent)::text) || E'\n', '' ORDER BY a.currency COLLATE "C", a.code COLLATE "C"), '')
      FROM (SELECT x.label, x.ends_at, e.zone FROM ledger_period x JOIN ledger_entity e ON e.id = x.entity_id
             WHERE x.id = p_period) p
      LEFT JOIN (ledger_account a CROSS JOIN LATERAL ledger_as_of(
                     a.id, (SELECT x.ends_at FROM ledger_period x WHERE x.id = p_period) - interval '1 microsecond', NULL) n)
             ON n.balance <> 0 OR n.pending_in <> 0 OR n.pending_out <> 0
     GROUP BY p.label, p.zone
$$;

CREATE FUNCTION ledger_digest(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT encode(sha256(convert_to(p_text, 'UTF8')), 'hex') $$;

-- The accounts with entries in [p_from, p_to) of effective time, found by one look into each account's index.
CREATE FUNCTION ledger_accounts_between(p_from timestamptz, p_to timestamptz) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT a.id FROM ledger_account a
     CROSS JOIN LATERAL (SELECT 1 FROM ledger_entry e
                          WHERE e.account_id = a.id AND e.effective_at >= p_from AND e.effective_at < p_to LIMIT 1) x
$$;

-- One digest for a whole period: of its trial balance and of every account's statement.
CREATE FUNCTION ledger_period_digest(p_period bigint, p_trial text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT ledger_digest(p_trial || E'\n' || coalesce(string_agg(
               concat_ws(',', a.code, a.currency, k.digest) || E'\n', '' ORDER BY a.currency COLLATE "C", a.code COLLATE "C"),
               ''))
      FROM ledger_period_account k JOIN ledger_account a ON a.id = k.account_id WHERE k.period_id = p_period
$$;

-- Public: close a period, for ever. Waits for the postings into this day that are under way. Days close in order, the
-- first one with everything before it; a month when its days are closed and list all of its entries.
CREATE FUNCTION ledger_period_close(p_period bigint, p_closed_by text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_entity record;
    p record;
    v_trial text;
BEGIN
    SELECT e.* INTO v_entity FROM ledger_entity e FOR UPDATE;
    SELECT x.* INTO p FROM ledger_period x WHERE x.id = p_period FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('param', 'period'));
    ELSIF coalesce(p_closed_by, '') = '' THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'closed_by'));
    ELSIF p.state = 'closed' THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'it is closed already'));
    ELSIF p.ends_at > clock_timestamp() THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'it is not over yet'));
    ELSIF p.kind = 'month' AND (v_entity.closed_before IS NULL OR v_entity.closed_before < p.ends_at) THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'its days are not all closed'));
    ELSIF p.kind = 'month' AND EXISTS (
            SELECT 1 FROM ledger_accounts_between(p.starts_at, least(p.ends_at, (
                SELECT min(d.starts_at) FROM ledger_period d
                 WHERE d.entity_id = p.entity_id AND d.kind = 'day' AND d.state = 'closed')))) THEN
        -- The first closed day closed everything before it: these entries would be in none of the days that are listed.
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason',
            'it has entries from before the first day that was closed by itself'));
    ELSIF p.kind = 'day' AND p.starts_at <> v_entity.closed_before THEN
        PERFORM ledger_refuse('invalid_transition', jsonb_build_object('reason', 'days close in order, the next one is '
            || to_char(v_entity.closed_before AT TIME ZONE v_entity.zone, 'YYYY-MM-DD')));
    END IF;
    IF p.kind = 'day' THEN
        PERFORM pg_advisory_xact_lock(5050, slot) FROM generate_series(0, 15) slot
          WHERE v_entity.closed_before IS NULL OR slot = ledger_day_lock(p.starts_on);
        UPDATE ledger_entity SET closed_before = p.ends_at WHERE id = v_entity.id;
    END IF;
    INSERT INTO ledger_period_account (period_id, account_id, opening, closing, pending_in, pending_out, entries, digest)
    SELECT p_period, a, s.opening, s.closing, s.pending_in, s.pending_out, s.entries, ledger_digest(s.body)
      FROM ledger_accounts_between(p.starts_at, p.ends_at) a, LATERAL ledger_statement(a, p_period) s;
    v_trial := ledger_digest(ledger_trial_balance(p_period));
    UPDATE ledger_period x
       SET state = 'closed', closed_at = clock_timestamp(), closed_by = p_closed_by, trial_digest = v_trial,
           digest = ledger_period_digest(p_period, v_trial), xid = pg_current_xact_id()::text::bigint,
           entries = (SELECT coalesce(sum(k.entries), 0) FROM ledger_period_account k WHERE k.period_id = p_period)
     WHERE x.id = p_period;
    RETURN (SELECT x.digest FROM ledger_period x WHERE x.id = p_period);
END $$;

DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name, p.prosecdef FROM pg_proc p
              WHERE p.pronamespace = current_schema()::regnamespace
                AND p.proname IN ('ledger_entity_fixed', 'ledger_period_fixed', 'ledger_transaction_unclosed',
                                  'ledger_closed_days', 'ledger_period_open', 'ledger_period_close') LOOP
        IF f.prosecdef THEN
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f.name, current_schema());
        END IF;
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.name);
    END LOOP;
END $$;
