DROP FUNCTION ledger_pending_extend;
DROP FUNCTION ledger_resolve;
DROP FUNCTION ledger_rest;
DROP FUNCTION ledger_require_later;
DROP FUNCTION ledger_require_open;
DROP FUNCTION ledger_following;
