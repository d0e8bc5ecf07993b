"""Celery tasks: thin wrappers that carry a clock into the services. The work itself waits in PostgreSQL.

One part of a task that fails must never keep the others from being done: it is logged, and the rest goes on.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ledger import checkpoints, holds, monitoring, posting, seal_checkpoints, sealing, verifying
from ledger.errors import Unavailable
from payments import dispatch
from payments.services import (
    adjustments,
    bank_files,
    deposits,
    idempotency,
    rates,
    trading_deals,
    transfer_asking,
    withdrawal_payouts,
)

log = logging.getLogger(__name__)

# Well below the task's soft time limit: a drain that meets slow outside systems ends between two messages.
DRAIN_SECONDS = 90
# Well within the time limit too: a long backlog is sealed in several runs.
SEALED_AT_ONCE = 100_000
# A full verification reads every entry there is; being delivered twice does it no harm.
VERIFY_SECONDS = 3600


@shared_task
def drain_outbox() -> int:
    """Handle what is due. Nudged after each commit that promised something, and swept by the schedule."""
    return dispatch.drain(limit=200, seconds=DRAIN_SECONDS)


@shared_task
def ask_unknown_transfers() -> int:
    """Look for transfers that were cut off or left in doubt and that the outbox has lost."""
    return transfer_asking.ask_unknown(now=timezone.now())


@shared_task
def read_platform_deals() -> int:
    """Read the platforms' histories and figures, account by account."""
    return trading_deals.read_all(now=timezone.now())


@shared_task
def fetch_bank_files() -> int:
    """Empty the banks' mailboxes."""
    return _sum(partial(bank_files.fetch, bank=bank, now=timezone.now()) for bank in settings.BANK)


@shared_task
def fetch_rates() -> int:
    """Fetch the newest exchange rates of every source; what is known already brings nothing."""
    return _sum(partial(rates.fetch, source=source, now=timezone.now()) for source in settings.RATES)


@shared_task
def report_silent_payouts() -> int:
    """Tell people about payouts that the bank took and never spoke of again."""
    return withdrawal_payouts.report_silent(now=timezone.now())


@shared_task
def expire_what_is_due() -> int:
    """End deposits, adjustment drafts, holds and reservations whose time has come."""
    now = timezone.now()
    return _sum(
        (
            partial(deposits.expire_due, now=now),
            partial(adjustments.expire_due, now=now),
            partial(holds.expire, now=now),
            partial(posting.expire_pending, now=now),
        )
    )


@shared_task
def take_checkpoints() -> int:
    """Keep the sums of house accounts and of entries that came late, so that no question adds up history."""
    return checkpoints.take_due(now=timezone.now())


@shared_task
def seal_ledger() -> int:
    """Link what has been written since into the ledger's chain."""
    return sealing.seal(most=SEALED_AT_ONCE)


@shared_task
def checkpoint_ledger() -> int:
    """Close the days that are over, sign the chain's head, and copy what was signed to where it is kept."""
    now = timezone.now()
    sealing.close_days(now=now)
    seal_checkpoints.sign_head(now=now)
    return seal_checkpoints.copy_out(now=now)


@shared_task(soft_time_limit=VERIFY_SECONDS, time_limit=VERIFY_SECONDS + 60)
def verify_ledger(*, full: bool = False) -> bool:
    """Check the books, only what is new unless `full`, and keep what was found for the status page."""
    return verifying.verify(now=timezone.now(), incremental=not full)


@shared_task
def look_at_balance_monitors() -> int:
    """Look at what was written since the last look; every level that was crossed becomes an event."""
    return monitoring.evaluate_due(now=timezone.now())


@shared_task
def prune_idempotency_keys() -> int:
    """Forget answers that are older than they must be kept."""
    return idempotency.prune(now=timezone.now())


def _sum(parts: Iterable[Callable[[], int]]) -> int:
    """Do every part and add up what they did; a system that is away is a line in the log, a failure is raised last."""
    done, failed = 0, None
    for part in parts:
        try:
            done += part()
        except Unavailable as error:
            log.warning("task.unavailable", extra={"error": error.detail})
        except Exception as error:  # the other parts must be done all the same
            log.exception("task.failed")
            failed = error
    if failed is not None:
        raise failed
    return done
