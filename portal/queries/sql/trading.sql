-- What happened on a client's trading accounts: results rolled up per day of the client's zone, everything else one by
-- one. Days are found from entry to entry along the index, so a page costs its own days and not the whole history; only
-- when an amount or a text is searched for are all days read (`steps` is large then).
-- On the way back in time {order} is DESC and {next_day} looks before the day; on the way forward the other way round.
WITH RECURSIVE account AS (
    SELECT a.id, a.currency, t.id AS trading_account, t.platform, t.login
      FROM ledger_account a
      JOIN payments_tradingaccount t
        ON t.client_id = %(client)s::uuid AND a.code = 'client/' || a.owner || '/trading/' || t.platform || '/' || t.login
     WHERE a.owner = %(owner)s::text AND a.owner <> '' AND a.kind = 'trading'
       AND (%(currency)s::text = '' OR a.currency = %(currency)s::text)
), day AS (
    SELECT account.id AS account_id, found.starts, 1 AS n
      FROM account
      CROSS JOIN LATERAL (
          SELECT date_trunc('day', e.effective_at, %(zone)s::text) AS starts
            FROM ledger_entry e JOIN ledger_transaction x ON x.id = e.transaction_id
           WHERE e.account_id = account.id AND e.layer = 0 AND x.reason = ANY(%(trading_reasons)s::text[])
             AND e.effective_at >= %(lower_day)s::timestamptz AND e.effective_at < %(upper_day)s::timestamptz
           ORDER BY e.effective_at {order} LIMIT 1) found
    UNION ALL
    SELECT day.account_id, found.starts, day.n + 1
      FROM day
      CROSS JOIN LATERAL (
          SELECT date_trunc('day', e.effective_at, %(zone)s::text) AS starts
            FROM ledger_entry e JOIN ledger_transaction x ON x.id = e.transaction_id
           WHERE e.account_id = day.account_id AND e.layer = 0 AND x.reason = ANY(%(trading_reasons)s::text[])
             AND e.effective_at >= %(lower_day)s::timestamptz AND e.effective_at < %(upper_day)s::timestamptz
             AND {next_day}
           ORDER BY e.effective_at {order} LIMIT 1) found
     WHERE day.n < %(steps)s::int
), entry AS (
    SELECT e.id, e.account_id, day.starts, e.effective_at, e.amount, x.id AS transaction_id, x.reason, x.source_id,
           x.reverses_id, account.currency, account.trading_account, account.platform, account.login
      FROM day
      JOIN account ON account.id = day.account_id
      JOIN ledger_entry e ON e.account_id = day.account_id AND e.layer = 0 AND e.effective_at >= day.starts
       AND e.effective_at < date_trunc('day', day.starts + interval '36 hours', %(zone)s::text)
      JOIN ledger_transaction x ON x.id = e.transaction_id
     WHERE x.reason = ANY(%(trading_reasons)s::text[])
), line AS (
    SELECT 'trading_day' AS noun, md5(entry.account_id || ' ' || entry.starts)::uuid AS id,
           min(entry.effective_at) AS at,
           jsonb_build_object(
               'amount', sum(entry.amount)::text, 'currency', min(entry.currency),
               'trading_account', min(entry.trading_account::text), 'platform', min(entry.platform),
               'login', min(entry.login), 'day', (entry.starts AT TIME ZONE %(zone)s::text)::date,
               'trades', count(*) FILTER (WHERE entry.reason = 'TRADE_PNL'),
               'parts', (SELECT jsonb_object_agg(p.reason, p.amount)
                           FROM (SELECT e.reason, sum(e.amount)::text AS amount FROM entry e
                                  WHERE e.account_id = entry.account_id AND e.starts = entry.starts
                                    AND e.reason = ANY(%(results)s::text[]) GROUP BY e.reason) p)) AS facts,
           bool_or(abs(entry.amount) = %(amount)s::numeric) OR abs(sum(entry.amount)) = %(amount)s::numeric
               OR bool_or(entry.source_id ILIKE %(like)s::text) OR bool_or(entry.login = %(q)s::text) AS found
      FROM entry
     WHERE entry.reason = ANY(%(results)s::text[])
     GROUP BY entry.account_id, entry.starts
    UNION ALL
    SELECT 'entry', lpad(to_hex(entry.id), 32, '0')::uuid, entry.effective_at,
           jsonb_build_object(
               'amount', entry.amount::text, 'currency', entry.currency, 'reason', entry.reason, 'kind', 'trading',
               'transaction', entry.transaction_id, 'reverses', entry.reverses_id, 'pocket', NULL,
               'source_id', entry.source_id,
               'platform', entry.platform, 'login', entry.login, 'adjustment', NULL),
           abs(entry.amount) = %(amount)s::numeric OR entry.source_id ILIKE %(like)s::text
               OR entry.transaction_id = %(key)s::uuid OR entry.login = %(q)s::text
      FROM entry
     WHERE entry.reason <> ALL(%(results)s::text[])
)
SELECT noun, id, at, 'posted' AS state, facts
  FROM line
 WHERE ((at, id) {beyond} (%(at)s::timestamptz, %(id)s::uuid)) AND (%(q)s::text = '' OR found)
 ORDER BY at {order}, id {order}
 LIMIT %(limit)s::int
