"""Ten years of somebody else's history, written in minutes: what the books look like when they have grown.

The rows are those that `ledger_post` would have left, computed instead of posted, and `verify_ledger` must find nothing
wrong with them. One wallet takes every fifth transfer; another one too, and half of what it gets came late, by anything
up to ten years. All that were in time touch one house account. Only for a private server.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger import accounts, checkpoints
from ledger.accounts import AccountRef
from tests.benchmarks.books import CURRENCY, HOUSE_REASON

YEARS = timedelta(days=3652)
_WALLETS = 1000
_AT_ONCE = 25_000  # one database transaction, and a checkpoint after it: three weeks of a history of ten million

_HEADERS = """
INSERT INTO ledger_transaction (id, phase, reason, source_system, source_kind, source_id, fingerprint, description,
                                legs, effective_at, recorded_at, xid)
SELECT {key}, 'single', '{reason}', 'bench', 'history', i::text, decode(md5(i::text), 'hex'), '', 2, {happened}, {at},
       pg_current_xact_id()::text::bigint
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) i"""
# Transfers to neither of the two go round the other wallets; `turn` counts them.
_ENTRIES = """
INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, seq, balance_after,
                          pending_in_after, pending_out_after, effective_at, recorded_at, backdated, xid)
SELECT {key}, leg, CASE WHEN leg = 2 THEN %(wallet)s + slot WHEN {late} THEN %(late)s ELSE %(house)s END, '{currency}',
       CASE leg WHEN 1 THEN -0.01 ELSE 0.01 END, 0,
       CASE leg WHEN 2 THEN seq END, CASE leg WHEN 2 THEN seq * 0.01 END, CASE leg WHEN 2 THEN 0 END,
       CASE leg WHEN 2 THEN 0 END, {happened}, {at}, leg = 2 AND {late}, pg_current_xact_id()::text::bigint
  FROM (SELECT i, leg, CASE i %% 5 WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 2 + turn %% {others} END AS slot,
               CASE i %% 5 WHEN 0 THEN i / 5 WHEN 1 THEN (i + 4) / 5 ELSE turn / {others} + 1 END AS seq
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) i, generate_series(1, 2) leg,
               LATERAL (SELECT i - i / 5 - (i + 4) / 5 - 1 AS turn) t) t
 ORDER BY i, leg"""
# Every second transfer to the second wallet took effect at the time of any transfer up to the last but one to it.
_LATE = "(i % 10 = 6 AND i > 20)"
_HAPPENED = f"CASE WHEN {_LATE} THEN ('x' || left(md5(i::text), 8))::bit(32)::bigint % (i - 10) ELSE i END"
_BALANCES = """
UPDATE ledger_balance b
   SET balance = s.seq * 0.01, seq = s.seq, effective_high = s.effective, recorded_high = s.recorded
  FROM (SELECT account_id, max(seq) AS seq, max(effective_at) AS effective, max(recorded_at) AS recorded
          FROM ledger_entry
         WHERE account_id BETWEEN %(wallet)s AND %(wallet)s + 1 + {others} GROUP BY account_id) s
 WHERE b.account_id = s.account_id"""


@dataclass(frozen=True, kw_only=True)
class History:
    """The accounts of the history: `busy` has every fifth transfer, so has `late`, half of them backdated; `house` has
    all that are not, `late_house` the others."""

    house: AccountRef
    late_house: AccountRef
    busy: AccountRef
    late: AccountRef
    first_wallet: int
    started: datetime
    planned: int

    def write(self, admin: Any, first: int, last: int) -> None:
        """Write the transfers numbered `first` to `last` and bring the balances up to date; triggers are off."""
        for start in range(first, last + 1, _AT_ONCE):
            with admin.transaction():
                admin.execute("SET LOCAL session_replication_role = replica")
                numbers = {
                    "first": start,
                    "last": min(start + _AT_ONCE - 1, last),
                    "house": self.house.id,
                    "late": self.late_house.id,
                    "wallet": self.first_wallet,
                }
                admin.execute(self._sql(_HEADERS), numbers)
                admin.execute(self._sql(_ENTRIES), numbers)
            for account in (self.house, self.late_house):
                checkpoints.take(account_id=account.id)
        with admin.transaction():
            admin.execute("SET LOCAL session_replication_role = replica")
            admin.execute(self._sql(_BALANCES), {"wallet": self.first_wallet})

    def _sql(self, pattern: str) -> str:
        step = YEARS.total_seconds() / self.planned
        at = f"('{self.started.isoformat()}'::timestamptz + i * {step:.6f} * interval '1 second')"
        happened = at.replace(" i ", f" ({_HAPPENED}) ").replace("%", "%%")
        milliseconds = f"(extract(epoch FROM {at}) * 1000)::bigint"
        key = f"(lpad(to_hex({milliseconds}), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid"
        words = {"key": key, "at": at, "happened": happened, "late": _LATE.replace("%", "%%")}
        return pattern.format(**words, reason=HOUSE_REASON, currency=CURRENCY, others=_WALLETS - 2)


def open_history(admin: Any, planned: int) -> History:
    """Open the accounts for a history of up to `planned` transfers that ends now."""
    house = accounts.ref("psp/history/clearing", CURRENCY)
    wallets = [accounts.ref(f"client/history{number}/wallet", CURRENCY) for number in range(_WALLETS)]
    if wallets[-1].id - wallets[0].id != _WALLETS - 1:
        raise RuntimeError("The wallets' ids are not consecutive: something else opens accounts on this server.")
    return History(
        house=house,
        late_house=accounts.ref("psp/history-late/clearing", CURRENCY),
        busy=wallets[0],
        late=wallets[1],
        first_wallet=wallets[0].id,
        started=datetime.now(UTC) - YEARS - timedelta(hours=1),
        planned=planned,
    )
