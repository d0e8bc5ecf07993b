DROP FUNCTION ledger_reverse;
DROP FUNCTION ledger_share;
DROP FUNCTION ledger_reversible;
