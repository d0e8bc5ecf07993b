DROP FUNCTION ledger_as_of(bigint, timestamptz, timestamptz);
DROP FUNCTION ledger_seq_at(bigint, timestamptz);
DROP INDEX ledger_entry_xid;
DROP INDEX ledger_transaction_xid;
