WITH expected (table_name, guard) AS (VALUES
    ('ledger_transaction', 'ledger_append_only'), ('ledger_transaction', 'ledger_no_truncate'),
    ('ledger_transaction', 'ledger_transaction_stamp'), ('ledger_transaction', 'ledger_transaction_whole'),
    ('ledger_transaction', 'ledger_transaction_unclosed'),
    ('ledger_entity', 'ledger_keep'), ('ledger_entity', 'ledger_no_truncate'), ('ledger_entity', 'ledger_entity_fixed'),
    ('ledger_period', 'ledger_keep'), ('ledger_period', 'ledger_no_truncate'), ('ledger_period', 'ledger_period_fixed'),
    ('ledger_period_account', 'ledger_append_only'), ('ledger_period_account', 'ledger_no_truncate'),
    ('ledger_entry', 'ledger_append_only'), ('ledger_entry', 'ledger_no_truncate'),
    ('ledger_entry', 'ledger_entry_guard'),
    ('ledger_reason', 'ledger_keep'), ('ledger_reason', 'ledger_no_truncate'), ('ledger_reason', 'ledger_reason_fixed'),
    ('ledger_event', 'ledger_append_only'), ('ledger_event', 'ledger_no_truncate'),
    ('ledger_event', 'ledger_event_stamp'),
    ('ledger_checkpoint', 'ledger_append_only'), ('ledger_checkpoint', 'ledger_no_truncate'),
    ('ledger_checkpoint', 'ledger_checkpoint_ordered'), ('ledger_checkpoint', 'ledger_checkpoint_hours'),
    ('ledger_checkpoint_hour', 'ledger_append_only'), ('ledger_checkpoint_hour', 'ledger_no_truncate'),
    ('ledger_backdated_block', 'ledger_append_only'), ('ledger_backdated_block', 'ledger_no_truncate'),
    ('ledger_backdated_sum', 'ledger_append_only'), ('ledger_backdated_sum', 'ledger_no_truncate'),
    ('ledger_account', 'ledger_keep'), ('ledger_account', 'ledger_no_truncate'),
    ('ledger_account', 'ledger_account_opened'), ('ledger_account', 'ledger_account_balance_row'),
    ('ledger_account', 'ledger_account_fixed'),
    ('ledger_balance', 'ledger_keep'), ('ledger_balance', 'ledger_no_truncate'),
    ('ledger_hold', 'ledger_keep'), ('ledger_hold', 'ledger_no_truncate'),
    ('ledger_pending', 'ledger_keep'), ('ledger_pending', 'ledger_no_truncate'),
    ('ledger_currency', 'ledger_currency_fixed'),
    ('ledger_seal', 'ledger_append_only'), ('ledger_seal', 'ledger_no_truncate'),
    ('ledger_seal_root', 'ledger_append_only'), ('ledger_seal_root', 'ledger_no_truncate'),
    ('ledger_seal_checkpoint', 'ledger_append_only'), ('ledger_seal_checkpoint', 'ledger_no_truncate'),
    ('ledger_seal_copy', 'ledger_append_only'), ('ledger_seal_copy', 'ledger_no_truncate'),
    ('ledger_gl_mapping', 'ledger_append_only'), ('ledger_gl_mapping', 'ledger_no_truncate'),
    ('ledger_gl_mapping', 'ledger_gl_mapping_guard'),
    ('ledger_gl_export', 'ledger_append_only'), ('ledger_gl_export', 'ledger_no_truncate'),
    ('ledger_balance_monitor', 'ledger_balance_monitor_guard')
)
SELECT 'trigger', x.guard, format('is missing or switched off on %s', x.table_name)
  FROM expected x
  LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(x.table_name) AND t.tgname = x.guard AND t.tgenabled IN ('O', 'A')
 WHERE t.oid IS NULL AND {since} >= 0
UNION ALL
SELECT 'constraint', x.guard, format('is missing or not validated on %s', x.table_name)
  FROM (VALUES ('ledger_balance', 'ledger_balance_floor'), ('ledger_balance', 'ledger_balance_pending'),
               ('ledger_pending', 'ledger_pending_remaining'), ('ledger_pending', 'ledger_pending_state'),
               ('ledger_hold', 'ledger_hold_amounts'), ('ledger_hold', 'ledger_hold_state')) AS x (table_name, guard)
  LEFT JOIN pg_constraint c ON c.conrelid = to_regclass(x.table_name) AND c.conname = x.guard AND c.convalidated
 WHERE c.oid IS NULL AND {since} >= 0
UNION ALL
SELECT 'index', x.guard, 'is missing or not valid'
  FROM (VALUES ('ledger_entry_seq'), ('ledger_entry_leg'), ('ledger_transaction_idempotency_key'),
               ('ledger_transaction_source'), ('ledger_account_code'),
               ('ledger_seal_pkey'), ('ledger_seal_event'), ('ledger_seal_transaction')) AS x (guard)
  LEFT JOIN pg_index i ON i.indexrelid = to_regclass(x.guard) AND i.indisunique AND i.indisvalid
 WHERE i.indexrelid IS NULL AND {since} >= 0
