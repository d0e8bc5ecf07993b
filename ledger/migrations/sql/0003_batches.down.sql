DROP FUNCTION ledger_post_batch;
DROP FUNCTION ledger_batch_accounts;
DROP FUNCTION ledger_judge;
