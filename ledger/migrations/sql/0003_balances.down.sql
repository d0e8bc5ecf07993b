DROP FUNCTION ledger_balance_now(bigint);
DROP FUNCTION ledger_sums(bigint, bigint, bigint);
