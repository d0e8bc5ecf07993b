-- Guards: what must be true of every row, whoever writes it and however.
-- Every refusal carries SQLSTATE LG000, the public code as message and JSON facts as detail.

CREATE FUNCTION ledger_refuse(code text, facts jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG000', MESSAGE = code, DETAIL = facts::text;
END $$;

-- History is written once. One function guards every append-only table.
CREATE FUNCTION ledger_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- Test databases are emptied between tests; only a connection opened for that purpose may do it.
    IF TG_OP = 'TRUNCATE' AND current_setting('ledger.allow_truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_balance
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_hold
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_pending
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_transaction', 'ledger_entry', 'ledger_event', 'ledger_checkpoint',
                                'ledger_account', 'ledger_balance', 'ledger_hold', 'ledger_pending'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()', name);
    END LOOP;
END $$;

-- What an account is follows from its code and the chart, whoever opens it: no wallet without a floor, no house account
-- that looks like a client's. Its exponent comes from the currency, its balance row from being opened. Runs with its
-- owner's rights so that no temporary table of the caller can stand in for the chart.
CREATE FUNCTION ledger_account_opened() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    chart record;
    v_owner text := CASE WHEN NEW.code LIKE 'client/%' THEN split_part(NEW.code, '/', 2) ELSE '' END;
BEGIN
    SELECT k.* INTO chart FROM ledger_kind k WHERE k.name = NEW.kind AND NEW.code ~ ('^(?:' || k.pattern || ')$');
    IF NOT FOUND OR (NEW.owner, NEW.category, NEW.sign, NEW.running, NEW.floor)
                    IS DISTINCT FROM (v_owner, chart.category, chart.sign, chart.running, chart.floor) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'code'));
    END IF;
    SELECT exponent INTO NEW.exponent FROM ledger_currency WHERE code = NEW.currency;
    NEW.status := 'open';
    NEW.opened_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_opened BEFORE INSERT ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_opened();

CREATE FUNCTION ledger_account_balance_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NEW.running THEN
        INSERT INTO ledger_balance (account_id, balance, pending_in, pending_out, floor, seq)
        VALUES (NEW.id, 0, 0, 0, NEW.floor, 0);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_account_balance_row AFTER INSERT ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_balance_row();

CREATE FUNCTION ledger_account_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.code, NEW.currency, NEW.kind, NEW.category, NEW.owner, NEW.sign, NEW.running, NEW.exponent,
        NEW.floor) IS DISTINCT FROM
       (OLD.id, OLD.code, OLD.currency, OLD.kind, OLD.category, OLD.owner, OLD.sign, OLD.running, OLD.exponent,
        OLD.floor) THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    END IF;
    IF OLD.status = 'closed' AND NEW.status <> 'closed' THEN
        PERFORM ledger_refuse('account_closed', jsonb_build_object('account', OLD.code));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_fixed BEFORE UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_account_fixed();

CREATE FUNCTION ledger_currency_fixed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.exponent <> OLD.exponent OR NEW.code <> OLD.code THEN
        PERFORM ledger_refuse('append_only', jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_currency_fixed BEFORE UPDATE ON ledger_currency
    FOR EACH ROW EXECUTE FUNCTION ledger_currency_fixed();

-- Reason codes are never taken away, so a header needs no foreign key to be sure of its own. That key would have every
-- posting lock the one row that all the others lock.
CREATE TRIGGER ledger_keep BEFORE DELETE ON ledger_reason
    FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_reason
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_reason_fixed BEFORE UPDATE OF code ON ledger_reason
    FOR EACH ROW WHEN (NEW.code <> OLD.code) EXECUTE FUNCTION ledger_append_only();

-- Headers: who wrote it (the database transaction) and when are never the writer's to say, and its parts must fit each
-- other. Here and not in CHECK constraints: PostgreSQL reads those from their text again for every statement, which would
-- take a tenth of a posting; a trigger keeps what it has understood. Only functions with their owner's rights can insert
-- headers, so no search path is set: it would cost more than the look-up.
CREATE FUNCTION ledger_transaction_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_wrong text := CASE
        WHEN NEW.legs < 2 THEN 'entries'
        WHEN num_nulls(NEW.source_system, NEW.source_kind, NEW.source_id) NOT IN (0, 3) THEN 'source'
        WHEN NEW.pending_id IS NULL AND NEW.phase NOT IN ('single', 'pending')
          OR NEW.pending_id IS NOT NULL AND NEW.phase NOT IN ('post', 'void', 'expire') THEN 'phase'
    END;
BEGIN
    IF v_wrong IS NOT NULL THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', v_wrong));
    END IF;
    IF NOT EXISTS (SELECT 1 FROM ledger_reason r WHERE r.code = NEW.reason) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'reason'));
    END IF;
    NEW.xid := pg_current_xact_id()::text::bigint;
    NEW.recorded_at := clock_timestamp();
    NEW.effective_at := coalesce(NEW.effective_at, NEW.recorded_at);
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_transaction_stamp BEFORE INSERT ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_transaction_stamp();

CREATE FUNCTION ledger_event_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id()::text::bigint;
    NEW.recorded_at := clock_timestamp();
    NEW.occurred_at := coalesce(NEW.occurred_at, NEW.recorded_at);
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_event_stamp BEFORE INSERT ON ledger_event
    FOR EACH ROW EXECUTE FUNCTION ledger_event_stamp();

-- A header alone cannot commit, nor one with fewer entries than it says, nor one that points nowhere; and of a reversal
-- all entries are there now to be looked at. With its owner's rights: it locks an original, at a time when the caller's
-- are in force again. What a header points to is never deleted, so no foreign keys are needed to keep it; for headers
-- that point to nothing they would be three more triggers to call.
CREATE FUNCTION ledger_transaction_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_entry WHERE transaction_id = NEW.id) <> NEW.legs THEN
        PERFORM ledger_refuse('unbalanced', jsonb_build_object('transaction', NEW.id, 'legs', NEW.legs));
    END IF;
    IF num_nonnulls(NEW.pending_id, NEW.reverses_id, NEW.moves_hold_id) = 0 THEN
        RETURN NULL;
    END IF;
    IF NEW.pending_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_transaction WHERE id = NEW.pending_id)
       OR NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_transaction WHERE id = NEW.reverses_id)
       OR NEW.moves_hold_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_hold WHERE id = NEW.moves_hold_id) THEN
        PERFORM ledger_refuse('not_found', jsonb_build_object('transaction', NEW.id));
    END IF;
    IF NEW.reverses_id IS NOT NULL THEN
        PERFORM ledger_mirrored(NEW.reverses_id);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transaction_whole AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transaction_whole();

-- Every statement that inserts entries must leave each touched transaction balanced per currency and layer, within the
-- scale of its currency, each entry in the currency of an account that there is, and may only add to headers of its own
-- database transaction. Savepoints are fine: the top-level id is compared. Closed accounts are looked at here once more: a
-- house account is locked only against being closed, and it may have been closed while that lock was waited for. Looked up
-- row by row: the plan of the session's first statement is kept, and one made for a batch would read whole tables for
-- every single posting. What a row must be by itself is asked here too, as with headers; and what `account_id` and
-- `transaction_id` point to is never deleted: foreign keys would ask for it again, row by row, and lock every account.
CREATE FUNCTION ledger_entry_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_xid bigint := pg_current_xact_id()::text::bigint;
    bad record;
BEGIN
    SELECT f.transaction_id, f.currency, f.total, f.misplaced, f.malformed, f.closed,
           t.xid IS DISTINCT FROM v_xid AS foreign_header
      INTO bad
      FROM (SELECT e.transaction_id, e.currency, e.layer, sum(e.amount) AS total,
                   bool_or(a.currency IS DISTINCT FROM e.currency) AS misplaced,
                   bool_or(e.amount = 0 OR min_scale(e.amount) > a.exponent OR e.layer NOT BETWEEN 0 AND 2
                           OR num_nulls(e.seq, e.balance_after, e.pending_in_after, e.pending_out_after) NOT IN (0, 4))
                       AS malformed,
                   bool_or(a.status = 'closed') AS closed
              FROM fresh e
              LEFT JOIN LATERAL (SELECT x.currency, x.exponent, x.status FROM ledger_account x
                                  WHERE x.id = e.account_id OFFSET 0) a ON true
             GROUP BY e.transaction_id, e.currency, e.layer) f
      LEFT JOIN LATERAL (SELECT x.xid FROM ledger_transaction x WHERE x.id = f.transaction_id OFFSET 0) t ON true
     WHERE f.total <> 0 OR f.misplaced OR f.malformed OR f.closed
        OR t.xid IS DISTINCT FROM v_xid
     LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse(
            CASE WHEN bad.foreign_header THEN 'append_only'
                 WHEN bad.misplaced THEN 'currency_mismatch'
                 WHEN bad.closed THEN 'account_closed'
                 WHEN bad.malformed THEN 'invalid_request' ELSE 'unbalanced' END,
            jsonb_build_object('transaction', bad.transaction_id, 'currency', bad.currency,
                               'difference', trim_scale(bad.total)::text));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entry_guard AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_guard();

-- Reversals mirror their original and never exceed it, summed over all of them: per account, what they credit is at most
-- what was debited, and the other way round. One reversal of an original at a time, whichever door it comes through.
CREATE FUNCTION ledger_mirrored(p_original uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    PERFORM 1 FROM ledger_transaction WHERE id = p_original FOR UPDATE;
    IF EXISTS (SELECT 1 FROM ledger_transaction WHERE id = p_original AND reverses_id IS NOT NULL) THEN
        PERFORM ledger_refuse('invalid_request', jsonb_build_object('param', 'transaction',
            'cause', 'reversal_of_reversal', 'transaction', p_original));
    END IF;
    SELECT r.account_id, r.amount AS reversed, coalesce(o.amount, 0) AS amount INTO bad
      FROM (SELECT e.account_id, sign(e.amount) AS side, sum(abs(e.amount)) AS amount
              FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
             WHERE t.reverses_id = p_original GROUP BY 1, 2) r
      LEFT JOIN (SELECT account_id, -sign(amount) AS side, sum(abs(amount)) AS amount FROM ledger_entry
                  WHERE transaction_id = p_original AND layer = 0 GROUP BY 1, 2) o USING (account_id, side)
     WHERE r.amount > coalesce(o.amount, 0) LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse('over_reversal', jsonb_build_object(
            'transaction', p_original, 'account_id', bad.account_id,
            'original', trim_scale(bad.amount)::text, 'reversed', trim_scale(bad.reversed)::text));
    END IF;
END $$;
