-- The seal: every event and every transaction with its entries, hashed into one chain, away from the hot path.
--
-- Content of a row, format 1: the fields below as text, nulls as nulls, in PostgreSQL's binary form of a text array,
-- where each field follows its own length (array_send). A transaction is its header followed by its entries by leg.
-- Amounts without trailing zeros, times in UTC to the microsecond, bytes in hexadecimal, JSON as jsonb prints it.
-- Link: sha256(number as int8 || sealing database transaction as int8 || previous hash || sha256(content) || time).
-- `ledger/exports/verify_seal.py` is the second implementation of all of it. A new column means a new field here and
-- there; once released, a new format beside the old one.

CREATE INDEX ledger_event_xid ON ledger_event USING brin (xid) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX ledger_seal_xid ON ledger_seal USING brin (xid) WITH (pages_per_range = 16, autosummarize = on);
ALTER INDEX ledger_transaction_xid SET (autosummarize = on);

CREATE FUNCTION ledger_seal_time(p_time timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p_time::text)
$$;

CREATE VIEW ledger_seal_event_content AS
SELECT e.id, e.xid, ARRAY[
           'event', '1', e.id::text, e.type, e.object_ref, e.client_ref, e.actor, e.person, e.on_behalf_of, e.ip::text,
           e.device, e.request_id, e.before::text, e.after::text, e.data::text, ledger_seal_time(e.occurred_at),
           ledger_seal_time(e.recorded_at), e.xid::text] AS fields
  FROM ledger_event e;

CREATE VIEW ledger_seal_transaction_content AS
SELECT t.id, t.xid, ARRAY[
           'transaction', '1', t.id::text, t.phase, t.reason, t.pending_id::text, t.reverses_id::text,
           t.moves_hold_id::text, t.idempotency_key, t.source_system, t.source_kind, t.source_id,
           encode(t.fingerprint, 'hex'), t.description, t.metadata::text, t.legs::text,
           ledger_seal_time(t.effective_at), ledger_seal_time(t.recorded_at), t.xid::text] AS fields
  FROM ledger_transaction t;

-- With the account's code and normal side, so that nobody can rename an account under its entries.
CREATE VIEW ledger_seal_entry_content AS
SELECT e.transaction_id, e.leg, e.id, e.xid, ARRAY[
           e.id::text, e.transaction_id::text, e.leg::text, e.account_id::text, a.code, a.sign::text, e.currency,
           trim_scale(e.amount)::text, e.layer::text, e.seq::text, trim_scale(e.balance_after)::text,
           trim_scale(e.pending_in_after)::text, trim_scale(e.pending_out_after)::text,
           ledger_seal_time(e.effective_at), ledger_seal_time(e.recorded_at), e.backdated::text, e.xid::text] AS fields
  FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id;

CREATE FUNCTION ledger_seal_link(p_number bigint, p_xid bigint, p_previous bytea, p_content bytea, p_at timestamptz)
RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(int8send(p_number) || int8send(p_xid) || p_previous || p_content
                  || convert_to(ledger_seal_time(p_at), 'UTF8'))
$$;

-- Only one at a time, and it never waits: whoever comes second has nothing to do.
CREATE FUNCTION ledger_seal_begin() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('client_encoding') <> 'UTF8' THEN  -- text leaves array_send in the client's encoding
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'client_encoding'));
    END IF;
    RETURN pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.ledger_seal', 0));
END $$;

-- Public: seal the next rows, at most p_most. They come in the order of their database transactions, and only those of
-- which every lower one has ended (numbers are given in order, commits are not), so nothing can appear before them.
CREATE FUNCTION ledger_seal_next(p_most int, OUT busy boolean, OUT sealed int, OUT last bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    v_xid bigint := pg_current_xact_id()::text::bigint;
    v_last record;
    v_hash bytea;
    v_previous bytea;
    v_at timestamptz;
    r record;
BEGIN
    sealed := 0;
    busy := NOT ledger_seal_begin();
    IF busy THEN
        RETURN;
    END IF;
    SELECT s.number, s.kind, s.hash, s.sealed_at, coalesce(e.xid, t.xid) AS xid, e.id AS event_id,
           t.id AS transaction_id
      INTO v_last
      FROM ledger_seal s LEFT JOIN ledger_event e ON e.id = s.event_id
      LEFT JOIN ledger_transaction t ON t.id = s.transaction_id
     ORDER BY s.number DESC LIMIT 1;
    IF v_last.number IS NOT NULL AND v_last.xid IS NULL THEN
        PERFORM ledger_refuse('unavailable', jsonb_build_object('reason', 'the last sealed row is missing'));
    END IF;
    last := coalesce(v_last.number, 0);
    v_hash := coalesce(v_last.hash, decode(repeat('00', 32), 'hex'));
    v_at := greatest(clock_timestamp(), v_last.sealed_at);
    FOR r IN
        WITH due AS MATERIALIZED (
            SELECT * FROM (
                (SELECT e.xid, 'event' AS kind, e.id AS event_id, NULL::uuid AS transaction_id FROM ledger_event e
                  WHERE e.xid >= coalesce(v_last.xid, 0) AND e.xid < v_horizon
                    AND (v_last.xid IS NULL OR e.xid > v_last.xid
                         OR (v_last.kind = 'event' AND e.id > v_last.event_id))
                  ORDER BY e.xid, e.id LIMIT p_most)
                UNION ALL
                (SELECT t.xid, 'transaction', NULL, t.id FROM ledger_transaction t
                  WHERE t.xid >= coalesce(v_last.xid, 0) AND t.xid < v_horizon
                    AND (v_last.xid IS NULL OR t.xid > v_last.xid OR v_last.kind = 'event'
                         OR t.id > v_last.transaction_id)
                  ORDER BY t.xid, t.id LIMIT p_most)) x
             ORDER BY xid, kind, event_id, transaction_id LIMIT p_most
        )
        SELECT d.*, CASE d.kind WHEN 'event' THEN sha256(array_send(e.fields))
                                ELSE sha256(array_send(t.fields) || n.entries) END AS content
          FROM due d
          LEFT JOIN ledger_seal_event_content e ON e.id = d.event_id
          LEFT JOIN ledger_seal_transaction_content t ON t.id = d.transaction_id
          LEFT JOIN LATERAL (SELECT string_agg(array_send(x.fields), ''::bytea ORDER BY x.leg, x.id) AS entries
                               FROM ledger_seal_entry_content x WHERE x.transaction_id = d.transaction_id) n ON true
         ORDER BY d.xid, d.kind, d.event_id, d.transaction_id
    LOOP
        v_previous := v_hash;
        last := last + 1;
        v_hash := ledger_seal_link(last, v_xid, v_previous, r.content, v_at);
        INSERT INTO ledger_seal (number, kind, event_id, transaction_id, format, previous, hash, sealed_at, xid)
        VALUES (last, r.kind, r.event_id, r.transaction_id, 1, v_previous, v_hash, v_at, v_xid);
        sealed := sealed + 1;
    END LOOP;
END $$;

-- Merkle tree hash of RFC 6962, section 2.1, over the hashes of a range of links: leaves and nodes are told apart by
-- their first byte. Pairing level by level and carrying an odd last one up is the same tree as the RFC's halves.
CREATE FUNCTION ledger_seal_merkle(p_first bigint, p_last bigint) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    level bytea[];
BEGIN
    SELECT array_agg(sha256('\x00'::bytea || s.hash) ORDER BY s.number) INTO level
      FROM ledger_seal s WHERE s.number BETWEEN p_first AND p_last;
    WHILE cardinality(level) > 1 LOOP
        SELECT array_agg(n.hash ORDER BY n.pair) INTO level
          FROM (SELECT (u.place - 1) / 2 AS pair,
                       CASE WHEN count(*) = 2 THEN sha256('\x01'::bytea || string_agg(u.hash, ''::bytea ORDER BY u.place))
                            ELSE string_agg(u.hash, ''::bytea) END AS hash
                  FROM unnest(level) WITH ORDINALITY AS u (hash, place) GROUP BY 1) n;
    END LOOP;
    RETURN level[1];
END $$;

-- Public: the root of the first day (UTC) before p_today that has none yet. NULL when there is no such day.
CREATE FUNCTION ledger_seal_close_day(p_today date, OUT busy boolean, OUT day date)
LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_first bigint;
    v_day date;
    v_last bigint;
BEGIN
    busy := NOT ledger_seal_begin();
    IF busy THEN
        RETURN;
    END IF;
    SELECT s.number, (s.sealed_at AT TIME ZONE 'UTC')::date INTO v_first, v_day
      FROM ledger_seal s WHERE s.number > coalesce((SELECT max(r.last) FROM ledger_seal_root r), 0)
     ORDER BY s.number LIMIT 1;
    IF v_day IS NULL OR v_day >= p_today THEN
        RETURN;
    END IF;
    SELECT max(s.number) INTO v_last FROM ledger_seal s
     WHERE s.number >= v_first AND s.sealed_at < ((v_day + 1)::timestamp AT TIME ZONE 'UTC');
    INSERT INTO ledger_seal_root (first, last, day, root, made_at)
    VALUES (v_first, v_last, v_day, ledger_seal_merkle(v_first, v_last), clock_timestamp());
    ledger_seal_close_day.day := v_day;
END $$;

-- Public: keep a signed checkpoint. The signature is made outside, by a key that this database has never seen; what is
-- refused here is a text that is not one as `ledger/seal_notes.py` writes it, does not speak for this link of this chain
-- or does not name the checkpoint before. Its time and whether it is the first one since a daily root are those of its
-- text. False when somebody else was faster.
CREATE FUNCTION ledger_seal_checkpoint_add(
    p_serial bigint, p_number bigint, p_head bytea, p_body text, p_key text, p_signature bytea
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_before record;
    v_previous text := repeat('0', 64);
    v_origin text := substring(p_body from '\norigin: ([ -~]{1,200})\n');
    v_stated text := substring(p_body from '\nmade: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n');
    v_day text := substring(p_body from '\nday: ([ -~]{1,200})\n$');
    v_made timestamptz;
BEGIN
    IF NOT ledger_seal_begin() OR p_serial IS DISTINCT FROM
            (SELECT coalesce(max(c.serial), 0) + 1 FROM ledger_seal_checkpoint c) THEN
        RETURN false;
    END IF;
    SELECT c.*, substring(c.body from '\nday: ([ -~]{1,200})\n$') AS day INTO v_before
      FROM ledger_seal_checkpoint c WHERE c.serial = p_serial - 1;
    IF v_before.serial IS NOT NULL THEN
        v_previous := encode(sha256(convert_to(format(E'%s\nsignature: ed25519 %s %s\n', v_before.body, v_before.key,
                                                      encode(v_before.signature, 'hex')), 'UTF8')), 'hex');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.number = p_number AND s.hash = p_head)
            OR p_number < v_before.number OR octet_length(p_signature) IS DISTINCT FROM 64
            OR (p_key ~ '^[0-9a-f]{16}$') IS NOT TRUE OR v_origin IS NULL OR v_stated IS NULL OR v_day IS NULL
            OR p_body IS DISTINCT FROM format(
                E'wherewithal checkpoint 1\norigin: %s\nserial: %s\nprevious: %s\nmade: %s\nsealed: %s\nhead: %s\nday: %s\n',
                v_origin, p_serial, v_previous, v_stated, p_number, encode(p_head, 'hex'), v_day)
            OR v_day <> 'none' AND NOT EXISTS (
                SELECT 1 FROM ledger_seal_root r
                 WHERE v_day = format('%s %s %s %s', to_char(r.day, 'YYYY-MM-DD'), r.first, r.last, encode(r.root, 'hex')))
            THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'checkpoint'));
    END IF;
    BEGIN
        v_made := v_stated::timestamptz;
    EXCEPTION WHEN data_exception THEN  -- digits that are no time
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'made'));
    END;
    IF v_made > clock_timestamp() + interval '5 minutes' OR ledger_seal_time(v_made) <> v_stated THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'made'));
    END IF;
    IF v_made < v_before.made_at THEN  -- who started later has signed already
        RETURN false;
    END IF;
    INSERT INTO ledger_seal_checkpoint (serial, number, body, key, signature, daily, made_at)
    VALUES (p_serial, p_number, p_body, p_key, p_signature,
            v_day <> 'none' AND v_day <> coalesce(v_before.day, 'none'), v_made);
    RETURN true;
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_seal', 'ledger_seal_root', 'ledger_seal_checkpoint', 'ledger_seal_copy'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION ledger_append_only()', name);
        EXECUTE format('CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ledger_seal_next(int)', 'ledger_seal_close_day(date)',
                                'ledger_seal_checkpoint_add(bigint, bigint, bytea, text, text, bytea)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION ledger_seal_begin FROM PUBLIC;
