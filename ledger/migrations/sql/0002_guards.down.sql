DROP TRIGGER ledger_entry_guard ON ledger_entry;
DROP TRIGGER ledger_transaction_whole ON ledger_transaction;
DROP TRIGGER ledger_event_stamp ON ledger_event;
DROP TRIGGER ledger_transaction_stamp ON ledger_transaction;
DROP TRIGGER ledger_reason_fixed ON ledger_reason;
DROP TRIGGER ledger_no_truncate ON ledger_reason;
DROP TRIGGER ledger_keep ON ledger_reason;
DROP TRIGGER ledger_currency_fixed ON ledger_currency;
DROP TRIGGER ledger_account_fixed ON ledger_account;
DROP TRIGGER ledger_account_balance_row ON ledger_account;
DROP TRIGGER ledger_account_opened ON ledger_account;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_transaction', 'ledger_entry', 'ledger_event', 'ledger_checkpoint',
                                'ledger_account', 'ledger_balance', 'ledger_hold', 'ledger_pending'] LOOP
        EXECUTE format('DROP TRIGGER ledger_no_truncate ON %I', name);
    END LOOP;
END $$;
DROP TRIGGER ledger_keep ON ledger_pending;
DROP TRIGGER ledger_keep ON ledger_hold;
DROP TRIGGER ledger_keep ON ledger_balance;
DROP TRIGGER ledger_keep ON ledger_account;
DROP TRIGGER ledger_append_only ON ledger_checkpoint;
DROP TRIGGER ledger_append_only ON ledger_event;
DROP TRIGGER ledger_append_only ON ledger_entry;
DROP TRIGGER ledger_append_only ON ledger_transaction;
DROP FUNCTION ledger_mirrored(uuid);
DROP FUNCTION ledger_entry_guard();
DROP FUNCTION ledger_transaction_whole();
DROP FUNCTION ledger_event_stamp();
DROP FUNCTION ledger_transaction_stamp();
DROP FUNCTION ledger_currency_fixed();
DROP FUNCTION ledger_account_fixed();
DROP FUNCTION ledger_account_balance_row();
DROP FUNCTION ledger_account_opened();
DROP FUNCTION ledger_append_only();
DROP FUNCTION ledger_refuse(text, jsonb);
