-- Everything that a client's balances are made of, in one statement and therefore in one snapshot: what is shown adds up
-- even while money moves. Each row is a part of the page and its facts.
SELECT 'account' AS part,
       jsonb_build_object('kind', a.kind, 'code', a.code, 'currency', a.currency, 'balance', b.balance::text,
                          'pending_in', b.pending_in::text, 'pending_out', b.pending_out::text) AS facts
  FROM ledger_account a
  JOIN ledger_balance b ON b.account_id = a.id
 WHERE a.owner = %(owner)s::text AND a.owner <> ''
UNION ALL
SELECT 'hold',
       jsonb_build_object('id', h.id, 'kind', h.kind, 'currency', a.currency, 'placed_at', h.placed_at,
                          'remaining', (h.amount - h.captured - h.released)::text, 'expires_at', h.expires_at,
                          'withdrawal', (SELECT w.id FROM payments_withdrawal w
                                          WHERE w.client_id = %(client)s::uuid AND w.hold_id = h.id LIMIT 1),
                          'refund', (SELECT r.id FROM payments_refund r
                                       JOIN payments_deposit d ON d.id = r.deposit_id
                                      WHERE d.client_id = %(client)s::uuid AND r.hold_id = h.id LIMIT 1))
  FROM ledger_hold h
  JOIN ledger_account a ON a.id = h.held_account_id
 WHERE a.owner = %(owner)s::text AND a.owner <> '' AND a.kind = 'held' AND h.state IN ('active', 'partly_captured')
UNION ALL
SELECT 'transfer',
       jsonb_build_object('id', x.id, 'direction', x.direction, 'currency', x.currency, 'amount', x.amount::text,
                          'state', x.state, 'platform', t.platform, 'login', t.login)
  FROM payments_transfer x
  JOIN payments_tradingaccount t ON t.id = x.trading_account_id
 WHERE x.client_id = %(client)s::uuid AND x.state IN ('reserved', 'sent', 'unknown')
UNION ALL
SELECT 'trading',
       jsonb_build_object('id', t.id, 'platform', t.platform, 'login', t.login, 'currency', t.currency,
                          'state', t.state, 'platform_balance', t.platform_balance::text,
                          'platform_equity', t.platform_equity::text, 'as_of', t.platform_as_of)
  FROM payments_tradingaccount t
 WHERE t.client_id = %(client)s::uuid
