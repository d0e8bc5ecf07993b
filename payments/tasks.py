"""Celery tasks: thin wrappers that carry a clock into the services. The work itself waits in PostgreSQL."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ledger import holds
from ledger.database import unit_of_work
from payments import dispatch
from payments.services import adjustments, bank_files, deposits, idempotency, trading_deals, transfer_asking


@shared_task
def drain_outbox() -> int:
    """Handle what is due. Nudged after each commit that promised something, and swept by the schedule."""
    return dispatch.drain(limit=200)


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
    return sum(bank_files.fetch(bank=bank, now=timezone.now()) for bank in settings.BANK)


@shared_task
def expire_what_is_due() -> int:
    """End deposits, adjustment drafts and holds whose time has come."""
    now = timezone.now()
    return deposits.expire_due(now=now) + adjustments.expire_due(now=now) + unit_of_work(lambda: holds.expire(now=now))


@shared_task
def prune_idempotency_keys() -> int:
    """Forget answers that are older than they must be kept."""
    return idempotency.prune(now=timezone.now())
