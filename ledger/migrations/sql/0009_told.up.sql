-- What was told is not told otherwise later: the outcome of a verification is written by a function that keeps to its
-- rules, and an account's status changes only together with its event.

-- The account in a public id, as `ledger.ids` writes it: 'acc_' and 13 digits of Crockford's base 32, highest first.
-- Written out, so that it costs next to nothing for every event.
CREATE FUNCTION ledger_account_in(p_ref text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 5, 1)) - 1)::bigint << 60)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 6, 1)) - 1)::bigint << 55)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 7, 1)) - 1)::bigint << 50)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 8, 1)) - 1)::bigint << 45)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 9, 1)) - 1)::bigint << 40)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 10, 1)) - 1)::bigint << 35)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 11, 1)) - 1)::bigint << 30)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 12, 1)) - 1)::bigint << 25)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 13, 1)) - 1)::bigint << 20)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 14, 1)) - 1)::bigint << 15)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 15, 1)) - 1)::bigint << 10)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 16, 1)) - 1)::bigint << 5)
         | ((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(p_ref, 17, 1)) - 1)::bigint << 0)
$$;

-- Whoever changes the status of an account says so in an event of the same commit, which is sealed like any other; what
-- is left out here, and whoever comes in past this guard, is seen by `verify_ledger`. With its owner's rights, so that no
-- temporary table of the caller can stand in for the events.
CREATE FUNCTION ledger_account_status_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_told text;
BEGIN
    SELECT e.after ->> 'status' INTO v_told FROM ledger_event e
     WHERE e.type IN ('account.frozen', 'account.unfrozen', 'account.closed') AND e.after ? 'status'
       AND e.xid = pg_current_xact_id()::text::bigint AND ledger_account_in(e.object_ref) = NEW.id
     ORDER BY e.id DESC LIMIT 1;
    IF v_told IS DISTINCT FROM (SELECT a.status FROM ledger_account a WHERE a.id = NEW.id) THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP,
                                                                'reason', 'there is no event that says so'));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_account_status_told AFTER UPDATE ON ledger_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ledger_account_status_told();

-- Public: keep what a run of the checks found, `p_outcomes` being [{"name", "title", "milliseconds", "findings": [{"object",
-- "reference", "detail"}, …]}, …]. What is broken stays broken, with what was found and since when, until a run that looked
-- at everything finds nothing; time only goes forward, and not beyond the clock; and whenever a check breaks or recovers
-- that is an event, so that nobody can take it back. Answers whether nothing is broken.
CREATE FUNCTION ledger_verified(p_at timestamptz, p_full boolean, p_outcomes jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    o record;
    was record;
    v_clean boolean;
    v_findings jsonb;
BEGIN
    IF p_at IS NULL OR p_at > clock_timestamp() + interval '5 minutes' THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'at'));
    END IF;
    IF p_full IS NULL OR jsonb_typeof(p_outcomes) IS DISTINCT FROM 'array' THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'outcomes'));
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_verified', 0));
    FOR o IN SELECT x.name, x.title, x.milliseconds, x.findings
               FROM jsonb_to_recordset(p_outcomes) AS x (name text, title text, milliseconds int, findings jsonb)
              ORDER BY x.name LOOP
        IF coalesce(o.name, '') = '' OR jsonb_typeof(o.findings) IS DISTINCT FROM 'array' THEN
            PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'outcomes'));
        END IF;
        SELECT v.passed, v.checked_at, v.full_at, v.broken_since, v.findings INTO was
          FROM ledger_verification v WHERE v.check_name = o.name;
        CONTINUE WHEN was.checked_at > p_at;  -- somebody who began later was done sooner
        v_clean := o.findings = '[]' AND (p_full OR was.passed IS NOT FALSE);
        v_findings := CASE WHEN v_clean OR o.findings <> '[]' THEN o.findings ELSE was.findings END;
        INSERT INTO ledger_verification AS v (check_name, title, checked_at, full_at, passed, broken_since, milliseconds,
                                              findings)
        VALUES (o.name, coalesce(o.title, ''), p_at, CASE WHEN p_full THEN p_at ELSE was.full_at END, v_clean,
                CASE WHEN NOT v_clean THEN coalesce(was.broken_since, p_at) END, coalesce(o.milliseconds, 0), v_findings)
        ON CONFLICT (check_name) DO UPDATE
           SET title = excluded.title, checked_at = excluded.checked_at, full_at = excluded.full_at,
               passed = excluded.passed, broken_since = excluded.broken_since, milliseconds = excluded.milliseconds,
               findings = excluded.findings;
        IF v_clean IS DISTINCT FROM coalesce(was.passed, true) THEN
            INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, device, request_id, data,
                                      xid)
            VALUES (CASE WHEN v_clean THEN 'ledger.check_recovered' ELSE 'ledger.check_broken' END, 'check/' || o.name, '',
                    'system:verify_ledger', '', '', '', '', CASE WHEN NOT v_clean THEN jsonb_build_object('rows', (
                        SELECT jsonb_agg(concat_ws(' ', f.row ->> 'object', f.row ->> 'reference') ORDER BY f.place)
                          FROM jsonb_array_elements(v_findings) WITH ORDINALITY AS f (row, place))) END, 0);
        END IF;
    END LOOP;
    RETURN NOT EXISTS (SELECT FROM ledger_verification v WHERE NOT v.passed);
END $$;

DO $$
DECLARE name text;
BEGIN
    -- The guard of entries reads with its caller's rights; here too no temporary table of the caller can stand in.
    FOREACH name IN ARRAY ARRAY['ledger_account_status_told()', 'ledger_verified(timestamptz, boolean, jsonb)',
                                'ledger_entry_guard()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;
