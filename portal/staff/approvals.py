"""The approvals queue: everything that waits for a second person, oldest first, one row telling whether to open it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ledger import ids
from ledger.admin import display, people
from ledger.errors import NotFound
from payments.actors import Actor
from payments.admin.adjustments import KIND_WORDS
from payments.models import Adjustment, Withdrawal
from payments.web import actor_of
from portal.staff import counts, standing
from portal.staff.standing import Decidable, Standing

PERMISSION = "payments.view_approval"
PER_PAGE = 50
KINDS = {"all": "Everything", "withdrawal": "Withdrawals", "adjustment": "Adjustments", "mine": "For me to decide"}


@dataclass(frozen=True)
class Row:
    """One line of the queue."""

    item: Decidable
    noun: str
    client: str
    target: str
    target_note: str
    asked_by: str
    flags: str
    maker: str
    since: datetime
    waiting: str
    late: bool
    standing: Standing

    @property
    def amount(self) -> Any:
        return display.amount(self.item.money)

    @property
    def url(self) -> str:
        return reverse("admin:approval", args=[self.item.public_id])


def queue(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    kind = request.GET.get("kind", "all")
    kind = kind if kind in KINDS else "all"
    actor, now = actor_of(request), timezone.now()
    found = waiting(kind, actor, now, request.GET.get("after", ""))
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    context = {
        **admin.site.each_context(request),
        "title": "Approvals",
        "rows": rows(found, actor, now),
        "chips": [(name, label, f"?{urlencode({'kind': name})}") for name, label in KINDS.items()],
        "kind": kind,
        "next": f"?{urlencode({'kind': kind, 'after': found[-1].public_id})}" if more else "",
        "first": f"?{urlencode({'kind': kind})}" if request.GET.get("after") else "",
    }
    return TemplateResponse(request, "admin/staff/approvals.html", context)


def waiting(kind: str, actor: Actor, now: datetime, after: str) -> list[Decidable]:
    """The oldest of both kinds, one more than fits a page. Keys are ordered by time, so both lists are one."""
    withdrawals = counts.withdrawals().select_related("client", "payment_method")
    adjustments = counts.adjustments(now).select_related("client", "debit_account", "credit_account")
    beyond = Q(pk__gt=key) if (key := _key(after)) else Q()
    if kind == "mine":
        withdrawals, adjustments = (
            rows.exclude(maker=actor.person) if actor.may(standing.PERMISSION[noun]) else rows.none()
            for noun, rows in (("withdrawal", withdrawals), ("adjustment", adjustments))
        )
    found: list[Decidable] = []
    if kind != "adjustment":
        found += withdrawals.filter(beyond).order_by("pk")[: PER_PAGE + 1]
    if kind != "withdrawal":
        found += adjustments.filter(beyond).order_by("pk")[: PER_PAGE + 1]
    return sorted(found, key=lambda item: item.pk)[: PER_PAGE + 1]


def _key(public_id: str) -> UUID | None:
    for model in (Withdrawal, Adjustment):
        try:
            return model.key(public_id)
        except NotFound:
            continue
    return None


def rows(items: list[Decidable], actor: Actor, now: datetime) -> list[Row]:
    """The items dressed for the queue; a fixed number of queries however many there are."""
    names = people.names(item.maker or item.made_by for item in items)
    approved = standing.approvers(items)
    paid = _paid_before(items)
    return [
        Row(
            item=item,
            noun=standing.noun_of(item),
            client=item.client.name if item.client else "The firm",
            maker="the client" if _is_clients_own(item) else names.get(item.maker or item.made_by, item.made_by),
            since=item.created_at,
            waiting=display.span(now - item.created_at),
            standing=standing.of(item, actor, approved[item.public_id]),
            **(_withdrawal(item, paid, now) if isinstance(item, Withdrawal) else _adjustment(item, now)),
        )
        for item in items
    ]


def _is_clients_own(item: Decidable) -> bool:
    user = item.client.user_id if item.client else None
    return user is not None and item.maker == ids.encode("usr", user)


def _paid_before(items: list[Decidable]) -> dict[UUID, int]:
    """Payee → how many payouts have reached it."""
    payees = [item.payment_method_id for item in items if isinstance(item, Withdrawal)]
    if not payees:
        return {}
    found = Withdrawal.objects.filter(payment_method__in=payees, state="paid").values_list("payment_method")
    return dict(found.annotate(times=Count("pk")).order_by())


def _withdrawal(item: Withdrawal, paid: dict[UUID, int], now: datetime) -> dict[str, Any]:
    payee = item.payment_method
    asked = [answer for answer in item.policy.get("answers", []) if answer["verdict"] != "allow"]
    flags = []
    if not payee.name_matches:
        flags.append("holder is somebody else")
    if item.client.state != "active":
        flags.append(f"client {item.client.state}")
    if item.state == "in_review":
        flags.append("in review")
    late = item.expected_by is not None and item.expected_by < now
    if late:
        flags.append("later than promised")
    return {
        "target": payee.holder_name,
        "target_note": f"{payee.masked} · {payee_note(payee, paid.get(payee.pk, 0), now)}",
        "asked_by": "; ".join(answer["staff"].rstrip(".") for answer in asked) or "Every withdrawal is approved",
        "flags": " · ".join(flags),
        "late": late,
    }


def payee_note(payee: Any, paid: int, now: datetime) -> str:
    """ "paid 14×", or "new, added 6 h ago"."""
    return f"paid {paid}×" if paid else f"new, added {display.ago(payee.created_at, now=now)}"


def _adjustment(item: Adjustment, now: datetime) -> dict[str, Any]:
    soon = item.expires_at - now
    return {
        "target": f"{side(item.debit_account.code)} → {side(item.credit_account.code)}",
        "target_note": item.reason[:90],
        "asked_by": KIND_WORDS.get(item.reason_code, item.reason_code),
        "flags": f"runs out in {display.span(soon)}" if soon.days < 1 else "",
        "late": soon.days < 1,
    }


def side(code: str) -> str:
    """An account as one word where the client is named already: "client wallet", "house/suspense"."""
    parts = code.split("/", 2)
    return f"client {parts[2]}" if parts[0] == "client" else code
