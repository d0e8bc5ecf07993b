DROP FUNCTION ledger_seal_checkpoint_add(bigint, bigint, bytea, text, text, bytea);
DROP FUNCTION ledger_seal_close_day(date);
DROP FUNCTION ledger_seal_merkle(bigint, bigint);
DROP FUNCTION ledger_seal_next(int);
DROP FUNCTION ledger_seal_begin();
DROP FUNCTION ledger_seal_link(bigint, bigint, bytea, bytea, timestamptz);
DROP VIEW ledger_seal_entry_content;
DROP VIEW ledger_seal_transaction_content;
DROP VIEW ledger_seal_event_content;
DROP FUNCTION ledger_seal_time(timestamptz);
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_seal', 'ledger_seal_root', 'ledger_seal_checkpoint', 'ledger_seal_copy'] LOOP
        EXECUTE format('DROP TRIGGER ledger_append_only ON %I', name);
        EXECUTE format('DROP TRIGGER ledger_no_truncate ON %I', name);
    END LOOP;
END $$;
ALTER INDEX ledger_transaction_xid RESET (autosummarize);
DROP INDEX ledger_seal_xid;
DROP INDEX ledger_event_xid;
