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

-- Headers: who wrote it (the database transaction) and when are never the writer's to say. Only functions with their
-- owner's rights can insert headers, so no search path is set here: it would cost more than the look-up.
CREATE FUNCTION ledger_transaction_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
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

-- A header alone cannot commit, nor one with fewer entries than it says.
CREATE FUNCTION ledger_transaction_whole() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_entry WHERE transaction_id = NEW.id) <> NEW.legs THEN
        PERFORM ledger_refuse('unbalanced', jsonb_build_object('transaction', NEW.id, 'legs', NEW.legs));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transaction_whole AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_transaction_whole();

-- An entry is in its account's own currency: a composite key says so without a look-up in any trigger.
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_account_currency
    FOREIGN KEY (account_id, currency) REFERENCES ledger_account (id, currency);

-- Every statement that inserts entries must leave each touched transaction balanced per currency and layer, within
-- the scale of its currency, and may only add to headers of its own database transaction. Savepoints are fine: the
-- top-level id is compared. Closed accounts are looked at here once more: a house account is not locked by postings,
-- but the foreign key check that came just before waits for whoever is closing it. Looked up row by row: the plan of the
-- session's first statement is kept, and one made for a batch would read whole tables for every single posting.
CREATE FUNCTION ledger_entry_guard() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT f.transaction_id, f.currency, f.total, f.off_scale, f.closed,
           t.xid IS DISTINCT FROM pg_current_xact_id()::text::bigint AS foreign_header
      INTO bad
      FROM (SELECT e.transaction_id, e.currency, e.layer, sum(e.amount) AS total,
                   bool_or(min_scale(e.amount) > a.exponent) AS off_scale, bool_or(a.status = 'closed') AS closed
              FROM fresh e
             CROSS JOIN LATERAL (SELECT x.exponent, x.status FROM ledger_account x WHERE x.id = e.account_id OFFSET 0) a
             GROUP BY e.transaction_id, e.currency, e.layer) f
      LEFT JOIN LATERAL (SELECT x.xid FROM ledger_transaction x WHERE x.id = f.transaction_id OFFSET 0) t ON true
     WHERE f.total <> 0 OR f.off_scale OR f.closed OR t.xid IS DISTINCT FROM pg_current_xact_id()::text::bigint
     LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse(
            CASE WHEN bad.foreign_header THEN 'append_only'
                 WHEN bad.closed THEN 'account_closed'
                 WHEN bad.off_scale THEN 'invalid_request' ELSE 'unbalanced' END,
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

-- The functions that reverse ask for this at once; the guard looks again when all entries are there, and only reversals
-- pay for it. With its owner's rights: it locks the original, at a time when the caller's are in force again.
CREATE FUNCTION ledger_reversal_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM ledger_mirrored(NEW.reverses_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_reversal_guard AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)
    EXECUTE FUNCTION ledger_reversal_guard();
