"""The decision page: decide from one screen, having seen exactly what there is.

Looking changes nothing. A decision is posted twice: once to read what it will do, once to do it. What has changed since
the page was opened is shown, and the person is asked again; every refusal says why and that nothing was done.
"""

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ledger.admin import display
from ledger.admin.acts import AGAIN, CONFIRMED, show_refusal, status_of
from ledger.admin.event_panels import events_of
from ledger.errors import DomainError, NotFound, VersionConflict
from payments.admin.payees import number_shown
from payments.decisions import reason_code
from payments.models import Adjustment, Withdrawal
from payments.web import actor_of
from portal.staff import counts, deciding, decision_panels, seen, standing
from portal.staff.deciding import Decision, Option
from portal.staff.standing import Decidable

PERMISSION = "payments.view_approval"
VIEW = {"withdrawal": "payments.view_withdrawal", "adjustment": "payments.view_adjustment"}


def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """GET shows the page; POST checks a decision and, with `confirmed`, makes it. Raises PermissionDenied, Http404."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    item = _find(reference)
    if not request.user.has_perm(VIEW[standing.noun_of(item)]):
        raise PermissionDenied
    if request.method in ("GET", "HEAD"):
        return page(request, item)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    option = next((o for o in deciding.options(item) if o.code == request.POST.get("decision")), None)
    if option is None:
        return page(request, item, status=HTTPStatus.UNPROCESSABLE_ENTITY, problem="Choose what to decide.")
    form = option.form(request.POST)
    if AGAIN in request.POST or not form.is_valid():
        status = HTTPStatus.OK if AGAIN in request.POST else HTTPStatus.UNPROCESSABLE_ENTITY
        return page(request, item, status=status, typed=form)
    if CONFIRMED not in request.POST:
        return _check(request, item, option, form)
    return _carry_out(request, item, option, form)


def _carry_out(request: HttpRequest, item: Decidable, option: Option, form: Decision) -> HttpResponse:
    try:
        words = deciding.carry_out(item, option, form.cleaned_data, actor_of(request), timezone.now())
    except VersionConflict as error:
        return _changed(request, item, error, form)
    except DomainError as error:
        item.refresh_from_db()
        show_refusal(form, error)
        return page(request, item, status=status_of(error), typed=form, problem=f"{error.detail} Nothing was done.")
    messages.success(request, words)
    return HttpResponseRedirect(reverse("admin:approvals"))


def _changed(request: HttpRequest, item: Decidable, error: VersionConflict, form: Decision) -> HttpResponse:
    """It is not what the person saw: show the difference, and ask again with what there is now."""
    fresh = _find(item.public_id)
    found = seen.differences(fresh, form.cleaned_data["seen"])
    problem = f"{error.detail} Nothing was done."
    return page(request, fresh, status=status_of(error), problem=problem, differences=found, typed=form)


def _check(request: HttpRequest, item: Decidable, option: Option, form: Decision) -> HttpResponse:
    """What will happen, in words, with one button that does it."""
    answers = [(field.label, field.value()) for field in form.visible_fields() if field.value()]
    if "reason_code" in form.cleaned_data:
        code = form.cleaned_data["reason_code"]
        answers = [(label, reason_code(code).staff if value == code else value) for label, value in answers]
        if "client_message" in form.cleaned_data and not form.cleaned_data["client_message"]:
            answers.append(("The client reads", reason_code(code).client))
    return _render(
        request, "admin/staff/decision_check.html", item,
        option=option, form=form, answers=answers, destination=_destination(request, item),
    )  # fmt: skip


def page(
    request: HttpRequest,
    item: Decidable,
    *,
    status: int = HTTPStatus.OK,
    problem: str = "",
    differences: list[tuple[str, str, str]] | None = None,
    typed: Decision | None = None,
) -> HttpResponse:
    """The whole decision page. `typed` is a form to show again with its words and errors, on what is there now."""
    now = timezone.now()
    where = standing.of(item, actor_of(request), standing.approvers([item])[item.public_id])
    waits = is_waiting(item, now)
    return _render(
        request, "admin/staff/decision.html", item, status=status,
        problem=problem,
        differences=differences or [],
        standing=where,
        waits=waits,
        waiting=display.span(now - item.created_at),
        opened=typed.data.get("decision") if typed is not None else "approve",
        forms=_forms(item, typed) if where.yours and waits else [],
        destination=_destination(request, item),
        panels=decision_panels.main(request, item, now),
        asides=decision_panels.aside(request, item),
        events=events_of(request, item.public_id),
    )  # fmt: skip


def is_waiting(item: Decidable, now: Any) -> bool:
    """Whether it still waits for a decision."""
    rows: Any = counts.withdrawals() if isinstance(item, Withdrawal) else counts.adjustments(now)
    return bool(rows.filter(pk=item.pk).exists())


def _forms(item: Decidable, typed: Decision | None) -> list[tuple[Option, Decision]]:
    """A fresh form per way to decide, on the content as it is now; the typed one keeps its words and errors."""
    found = []
    for option in deciding.options(item):
        fresh = {"decision": option.code, "content_hash": item.content_hash, "seen": seen.sign(item)}
        if typed is not None and typed.data.get("decision") == option.code:
            form = option.form({**typed.data.dict(), **fresh}, auto_id=f"{option.code}_%s")  # type: ignore[attr-defined]
            form.is_valid()
            form._errors = typed.errors
        else:
            form = option.form(initial=fresh, auto_id=f"{option.code}_%s")
        found.append((option, form))
    return found


def _destination(request: HttpRequest, item: Decidable) -> Any:
    """Where the money goes, for headings and buttons."""
    if isinstance(item, Withdrawal):
        return display.joined(item.payment_method.holder_name, number_shown(request, item.payment_method))
    return display.joined(display.account(item.debit_account.code), "→", display.account(item.credit_account.code))


def _find(reference: str) -> Decidable:
    """The withdrawal or adjustment with this public id. Raises Http404."""
    try:
        if reference.startswith(f"{Withdrawal.PREFIX}_"):
            rows: Any = Withdrawal.objects.select_related("client", "payment_method")
            found: Decidable | None = rows.filter(pk=Withdrawal.key(reference)).first()
        else:
            rows = Adjustment.objects.select_related("client", "debit_account", "credit_account")
            found = rows.filter(pk=Adjustment.key(reference)).first()
    except NotFound:
        raise Http404 from None
    if found is None:
        raise Http404
    return found


def _render(
    request: HttpRequest, template: str, item: Decidable, *, status: int = HTTPStatus.OK, **extra: Any
) -> HttpResponse:
    noun = standing.noun_of(item)
    context = {
        **admin.site.each_context(request),
        "title": f"{'Payout' if noun == 'withdrawal' else 'Correction'} of {display.plain(item.money)}",
        "item": item,
        "noun": noun,
        "tags": [display.state(item.state)],
        "lead": display.amount(item.money),
        "net": display.amount(item.net) if isinstance(item, Withdrawal) else "",
        "queue": reverse("admin:approvals"),
        "url": reverse("admin:approval", args=[item.public_id]),
        "object_url": reverse(f"admin:payments_{noun}_change", args=[item.public_id]),
        **extra,
    }
    return TemplateResponse(request, template, context, status=status)
