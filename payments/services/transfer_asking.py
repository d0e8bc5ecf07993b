"""Asking the platform's history what became of a transfer whose outcome is unknown.

Looking never sends, and never gives money back: what is found confirms, what is not found is looked for again with
growing pauses. The outbox carries the next look; the schedule's sweep finds those that the outbox lost.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.database import unit_of_work
from ledger.errors import Unavailable
from payments import dispatch
from payments.connectors import registry
from payments.connectors.platforms.base import PlatformDeal
from payments.models import Transfer
from payments.services import locking, trading_deal_cases, transfer_cases, transfer_steps

# Pauses before the first, second, … look; the last one goes on for ever.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300, 300, 300, 1800))
UNREACHABLE_PAUSE = timedelta(seconds=30)
# For so long after sending, "not in the history" proves nothing: the history lags, a slow server may still work.
QUIET = timedelta(minutes=10)
LOOKS_NEEDED = 5
# The fact that a platform names when our token is there, but on another amount or type.
CONTRADICTION = "tickets"
# A transfer that is `sent` for so long lost its worker between intention and outcome.
STUCK = timedelta(minutes=3)
# The outbox has this long to come first.
GRACE = timedelta(minutes=1)
# Clocks differ and rows are written before they are sent: look from a little earlier.
EARLIER = timedelta(hours=1)


@dispatch.handler("transfer.inquire")
def inquire(*, payload: dict[str, str], now: datetime) -> None:
    """Look once, and come again while the outcome is unknown."""
    pause = ask(transfer_id=Transfer.key(payload["transfer"]), now=now)
    if pause is not None:
        raise dispatch.Later(pause)


def ask(*, transfer_id: UUID, now: datetime) -> timedelta | None:
    """Look once for an unknown transfer. Returns the pause until the next look, None when there is nothing to ask."""
    transfer = Transfer.objects.select_related("trading_account").filter(pk=transfer_id, state="unknown").first()
    if transfer is None:
        return None
    dispatch.require_no_transaction()
    try:
        deal = look(transfer)
    except Unavailable as error:
        facts = {"answer": error.detail, **{key: str(value)[:300] for key, value in error.data.items()}}
        _looked(transfer_id, now, answered=False, facts=facts)
        return PAUSES[-1] if CONTRADICTION in facts else UNREACHABLE_PAUSE
    if deal is not None:
        confirm_by(transfer, deal, now)
        return None
    transfer = _looked(transfer_id, now, answered=True, facts={"answer": "not found"})
    return pause_after(transfer.asked_times) if transfer.state == "unknown" else None


def look(transfer: Transfer) -> PlatformDeal | None:
    """Ask the platform for the operation that carries our token. Raises Unavailable."""
    account = transfer.platform_account
    return registry.platform(account.platform).find(
        login=account.login,
        amount=transfer.platform_amount,
        token=transfer.token,
        since=transfer.created_at - EARLIER,
    )


def _looked(transfer_id: UUID, now: datetime, *, answered: bool, facts: dict[str, Any]) -> Transfer:
    """We asked and do not know yet. The first such look makes the doubt visible as a case; after the quiet period the
    case says that a person must decide. A look that the platform did not answer proves nothing and is not counted."""

    def work() -> Transfer:
        transfer = locking.locked(Transfer, transfer_id)
        if transfer.state != "unknown":
            return transfer
        waited = transfer.asked_at is not None and needs_person(transfer, transfer.asked_at)
        first = transfer.asked_at is None
        transfer.asked_at, transfer.asked_times = now, min(transfer.asked_times + answered, 30_000)
        # Not a change of what the transfer is, so no new version and no event of its own.
        Transfer.objects.filter(pk=transfer.pk).update(asked_at=now, asked_times=transfer.asked_times)
        if first:
            transfer_cases.waiting(transfer, **facts)
        if CONTRADICTION in facts:
            transfer_cases.waiting(transfer, stage="conflict", **facts)
        if needs_person(transfer, now) and not waited:
            by, looks = transfer_steps.SYSTEM, transfer.asked_times
            transfer_steps.record(transfer, by, now, before="unknown", type_="transfer.needs_person", looks=looks)
            transfer_cases.waiting(transfer, stage="quiet", **facts)
        return transfer

    return unit_of_work(work)


def confirm_by(transfer: Transfer, deal: PlatformDeal, now: datetime) -> None:
    """Confirm by a row of the history. Further rows with the same token are money that moved again: a case each."""

    def work() -> None:
        transfer_steps.confirm(
            transfer_id=transfer.pk, ticket=deal.ticket, executed_at=deal.executed_at, now=now, found="history"
        )
        for ticket in getattr(deal, "duplicates", ()):
            trading_deal_cases.unpaired(transfer, ticket, "our token was carried out more than once")

    unit_of_work(work)


def is_quiet(transfer: Transfer, now: datetime) -> bool:
    """True when the platform has had enough time for the operation to show in its history."""
    return transfer.sent_at is not None and now - transfer.sent_at >= QUIET


def needs_person(transfer: Transfer, at: datetime) -> bool:
    """True when looking again will hardly help: quiet for long enough, looked at often enough, still not there."""
    return is_quiet(transfer, at) and transfer.asked_times >= LOOKS_NEEDED


def pause_after(looks: int) -> timedelta:
    """How long to wait after so many looks that found nothing."""
    return PAUSES[min(looks, len(PAUSES) - 1)]


def ask_unknown(*, now: datetime, limit: int = 200) -> int:
    """Find what the outbox lost: transfers cut off while being sent, and unknown ones overdue for a look. Returns how
    many were seen to. A platform that cannot be asked is left alone for the rest of this sweep."""
    cut_off = Transfer.objects.filter(state="sent", sent_at__lte=now - STUCK).order_by("sent_at")[:limit]
    for transfer in cut_off:
        transfer_steps.doubt(transfer_id=transfer.pk, reason="no_outcome_recorded", now=now)
    count, silent = len(cut_off), set()
    unknown = Transfer.objects.filter(state="unknown").select_related("trading_account").order_by("asked_at", "id")
    for transfer in (one for one in unknown if _overdue(one, now)):
        platform = transfer.platform_account.platform
        if platform in silent or count >= limit:
            continue
        count += 1
        if ask(transfer_id=transfer.pk, now=now) == UNREACHABLE_PAUSE:
            silent.add(platform)
    return count


def _overdue(transfer: Transfer, now: datetime) -> bool:
    last = transfer.asked_at or transfer.sent_at
    return last is not None and last + pause_after(transfer.asked_times) + GRACE <= now
