-- Empty the checkpoints and their hours, which can be taken anew at any time; the guards that keep them step aside for this.
ALTER TABLE ledger_checkpoint DISABLE TRIGGER ledger_append_only;
ALTER TABLE ledger_checkpoint_hour DISABLE TRIGGER ledger_append_only;
DELETE FROM ledger_checkpoint_hour;
DELETE FROM ledger_checkpoint;
ALTER TABLE ledger_checkpoint ENABLE TRIGGER ledger_append_only;
ALTER TABLE ledger_checkpoint_hour ENABLE TRIGGER ledger_append_only;
