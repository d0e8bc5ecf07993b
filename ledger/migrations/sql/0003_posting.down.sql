DROP FUNCTION ledger_take_checkpoint(bigint);
DROP FUNCTION ledger_account_set_status(bigint, text);
DROP FUNCTION ledger_hold_extend;
DROP FUNCTION ledger_hold_resolve;
DROP FUNCTION ledger_hold_place;
DROP FUNCTION ledger_post;
DROP FUNCTION ledger_write;
DROP FUNCTION ledger_existing;
DROP FUNCTION ledger_move;
