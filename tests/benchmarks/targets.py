"""What is compared with what, and how far it should get. Data; the page `docs/reference/benchmarks.md` explains each.

The names on the left are those of the samples. A target must never be lowered to fit a measurement.
"""

from tests.benchmarks.ratios import Comparison, Target

# --- names of samples -------------------------------------------------------------------------------------------------
TPCB = "pgbench tpcb-like"
SERVICE = "post(), spread accounts"
SERVICE_HOT = "post(), one house account"
BARE = "three bare rows, no guards"
HORDAK = "django-hordak, transfer_to()"
HORDAK_LEAN = "django-hordak, fewest statements"
FUNCTION = "ledger_post, spread accounts"
FUNCTION_HOT = "ledger_post, one house account"
FUNCTION_SLOW = "ledger_post, spread, commits 2 ms"
FUNCTION_HOT_SLOW = "ledger_post, one house account, commits 2 ms"
BATCH = "post_batch"
COPY = "COPY of the same rows"
LOOP = "post() one by one in one transaction"
AGGREGATE = "sequential aggregate over the entries"
VERIFY = "verify_ledger"
VERIFY_ROW = "verify_ledger, per entry"
INCREMENTAL_ROW = "verify_ledger --incremental, per new entry"
BYTES = "bytes per two-legged transfer"
BYTES_PEER = "bytes per two-legged transfer, pgledger"

# pgledger at its head of July 2026 on PostgreSQL 15, all its indexes: measured once, it does not run here.
PGLEDGER_BYTES = 819

_MANY = (8, 16, 32)
_ONCE = 1  # samples that no number of clients belongs to

COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        title="posting service / pgbench tpcb-like",
        what=SERVICE,
        against=TPCB,
        targets={1: Target(0.65, 0.9), 8: Target(0.4, 0.7), 32: Target(0.3, 0.5)},
    ),
    Comparison(
        title="posting function by pgbench / pgbench tpcb-like",
        what=FUNCTION,
        against=TPCB,
        targets={8: Target(0.7, 0.9), 32: Target(0.7, 0.9)},
    ),
    Comparison(
        title="posting service / django-hordak's transfer_to()",
        what=SERVICE,
        against=HORDAK,
        targets=dict.fromkeys((1, 8, 32), Target(3.5, 5)),
    ),
    Comparison(
        title="posting service / django-hordak with the fewest statements",
        what=SERVICE,
        against=HORDAK_LEAN,
        targets=dict.fromkeys((1, 8, 32), Target(1.8, 3)),
    ),
    Comparison(title="posting service / posting function by pgbench", what=SERVICE, against=FUNCTION, targets={}),
    Comparison(title="posting service / three bare rows", what=SERVICE, against=BARE, targets={}),
    Comparison(title="the limit: three bare rows / pgbench tpcb-like", what=BARE, against=TPCB, targets={}),
    Comparison(title="the limit: three bare rows / transfer_to()", what=BARE, against=HORDAK, targets={}),
    Comparison(title="the limit: three bare rows / fewest statements", what=BARE, against=HORDAK_LEAN, targets={}),
    Comparison(
        title="posting service: one house account / spread accounts",
        what=SERVICE_HOT,
        against=SERVICE,
        targets=dict.fromkeys(_MANY, Target(0.8, 0.95)),
    ),
    Comparison(
        title="posting function: one house account / spread accounts",
        what=FUNCTION_HOT,
        against=FUNCTION,
        targets=dict.fromkeys(_MANY, Target(0.8, 0.95)),
    ),
    Comparison(
        title="the same with commits slowed by 2 ms",
        what=FUNCTION_HOT_SLOW,
        against=FUNCTION_SLOW,
        targets={16: Target(0.7, 0.9)},
    ),
    Comparison(
        title="batch / COPY of the same finished rows", what=BATCH, against=COPY, targets={_ONCE: Target(0.25, 0.45)}
    ),
    Comparison(title="batch / one by one in one transaction", what=BATCH, against=LOOP, targets={_ONCE: Target(5, 10)}),
    Comparison(
        title="full verification / sequential aggregate",
        what=VERIFY,
        against=AGGREGATE,
        targets={_ONCE: Target(25, 12)},
    ),
    Comparison(
        title="incremental per new entry / full per entry",
        what=INCREMENTAL_ROW,
        against=VERIFY_ROW,
        targets={_ONCE: Target(4, 2)},
    ),
    Comparison(
        title="bytes per transfer / pgledger's", what=BYTES, against=BYTES_PEER, targets={_ONCE: Target(1, 0.75)}
    ),
)
