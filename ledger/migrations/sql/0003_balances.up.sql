-- Reading house accounts, which keep no live row: the last checkpoint and the entries since.

-- Sums of one account's entries written by database transactions in [p_from, p_to), in its normal direction. Both ends
-- are conditions that the index knows: with a bare OR at the upper one, each sum would read on to the end of the book.
CREATE FUNCTION ledger_sums(
    p_account bigint, p_from bigint, p_to bigint,
    OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric, OUT entries bigint
) LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer = 0), 0),
           coalesce(sum(e.amount * a.sign) FILTER (WHERE e.layer = 1 AND e.amount * a.sign > 0
                                                      OR e.layer = 2 AND e.amount * a.sign < 0), 0),
           coalesce(-sum(e.amount * a.sign) FILTER (WHERE e.layer = 1 AND e.amount * a.sign < 0
                                                       OR e.layer = 2 AND e.amount * a.sign > 0), 0),
           count(e.id)
      FROM ledger_account a
      LEFT JOIN ledger_entry e ON e.account_id = a.id AND e.seq IS NULL AND e.xid >= p_from
                              AND e.xid < coalesce(p_to, 9223372036854775807)
     WHERE a.id = p_account
$$;

-- The current figures of any account, running or not.
CREATE FUNCTION ledger_balance_now(
    p_account bigint, OUT balance numeric, OUT pending_in numeric, OUT pending_out numeric, OUT seq bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    last record;
    since record;
BEGIN
    SELECT b.balance, b.pending_in, b.pending_out, b.seq INTO balance, pending_in, pending_out, seq
      FROM ledger_balance b WHERE b.account_id = p_account;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT c.horizon, c.balance, c.pending_in, c.pending_out INTO last
      FROM ledger_checkpoint c WHERE c.account_id = p_account ORDER BY c.horizon DESC LIMIT 1;
    SELECT s.* INTO since FROM ledger_sums(p_account, coalesce(last.horizon, 0), NULL) s;
    balance := coalesce(last.balance, 0) + since.balance;
    pending_in := coalesce(last.pending_in, 0) + since.pending_in;
    pending_out := coalesce(last.pending_out, 0) + since.pending_out;
END $$;
