"""How much is waiting, for badges and for the first page: counts that stop counting at a hundred.

Each is asked once per request, however often a template needs it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from payments.models import Adjustment, OutboxMessage, Transfer, Withdrawal
from reconciliation.models import ExceptionCase

MOST = 100


def bounded(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:MOST].count()


def words(count: int) -> str:
    """ "", "7" or "99+"."""
    return "" if not count else str(count) if count < MOST else f"{MOST - 1}+"


def once(request: HttpRequest, name: str, ask: Callable[[], int]) -> int:
    """The answer of `ask`, remembered on the request."""
    known: dict[str, int] = request.__dict__.setdefault("_staff_counts", {})
    if name not in known:
        known[name] = ask()
    return known[name]


def approvals_waiting(request: HttpRequest) -> int:
    return once(request, "approvals", lambda: _waiting(timezone.now()))


def _waiting(now: datetime) -> int:
    both: Any = (
        withdrawals().order_by().values_list("pk").union(adjustments(now).order_by().values_list("pk"), all=True)
    )
    return int(both[:MOST].count())


def exceptions_open(request: HttpRequest) -> int:
    return once(request, "exceptions", lambda: bounded(ExceptionCase.objects.exclude(state="resolved")))


def transfers_unknown(request: HttpRequest) -> int:
    return once(request, "unknown", lambda: bounded(Transfer.objects.filter(state="unknown")))


def payouts_failed(request: HttpRequest) -> int:
    return once(request, "failed", lambda: bounded(Withdrawal.objects.filter(state="failed")))


def work_parked(request: HttpRequest) -> int:
    return once(request, "parked", lambda: bounded(OutboxMessage.objects.filter(state="parked")))


def staff_without_second_factor(request: HttpRequest) -> int:
    from allauth.mfa.models import Authenticator

    enrolled = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES).values("user_id")
    people = get_user_model()._default_manager.filter(is_staff=True, is_active=True)
    return once(request, "factor", lambda: bounded(people.exclude(pk__in=enrolled)))


def withdrawals() -> QuerySet[Withdrawal]:
    """Withdrawals that wait for a decision."""
    return Withdrawal.objects.filter(state__in=("requested", "in_review"))


def adjustments(now: datetime) -> QuerySet[Adjustment]:
    """Corrections that wait for a second person and have not run out."""
    return Adjustment.objects.filter(state="awaiting_second_person", expires_at__gt=now)
