DROP FUNCTION ledger_verified(timestamptz, boolean, jsonb);
DROP TRIGGER ledger_account_status_told ON ledger_account;
DROP FUNCTION ledger_account_status_told();
DROP FUNCTION ledger_account_in(text);
