"""Exceptions on staff pages: the queue, a case with its facts and notes, and what a person may do with it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.panels import Panel, facts
from ledger.errors import InvalidRequest, NotFound
from ledger.money import Money
from payments.admin.movements import BY_CLIENT
from payments.models import Client
from payments.web import actor_of
from reconciliation.admin import case_panels, case_queue
from reconciliation.categories import category
from reconciliation.models import ExceptionCase
from reconciliation.services import assigning, exceptions


class Note(forms.Form):
    text = acts.text("Note", help_text="It can never be changed or removed.", longest=exceptions.NOTE_MAX)


class Resolve(forms.Form):
    outcome = forms.ChoiceField(label="Outcome", choices=(), widget=forms.RadioSelect)
    note = acts.text("What was found", longest=exceptions.NOTE_MAX)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = self.initial.get("outcomes", ())  # type: ignore[attr-defined]


class Reopen(forms.Form):
    note = acts.text("Why", longest=exceptions.NOTE_MAX)


class Assign(forms.Form):
    client = acts.line("Client", help_text="Client id (cl_…), e-mail or external id.")
    evidence = acts.text("How the owner was found", help_text="Where the proof is.")

    def clean_client(self) -> Client:
        text = self.cleaned_data["client"].strip()
        try:
            found = Client.objects.filter(pk=Client.key(text.lower()))
        except NotFound:
            by = {"email__iexact": text} if "@" in text else {"external_id": text}
            found = Client.objects.filter(**by)
        if found.count() != 1:
            raise forms.ValidationError("This is no client, or more than one has this e-mail address.")
        return found.get()


def _take(call: Call) -> str:
    exceptions.take(case_id=call.shown.pk, actor=actor_of(call.request), now=call.now)
    return "It is yours."


def _note(call: Call) -> str:
    exceptions.note(case_id=call.shown.pk, text=call.data["text"], actor=actor_of(call.request), now=call.now)
    return "Noted."


def _resolve(call: Call) -> tuple[str, str]:
    exceptions.resolve(
        case_id=call.shown.pk,
        outcome=call.data["outcome"],
        note=call.data["note"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"Resolved: {_outcome(call.shown, call.data['outcome'])}.", ""


def _assigned_first(call: Call) -> list[Panel]:
    """“Credited to a client” is true only after a second person has approved the draft."""
    if call.shown.category == assigning.CATEGORY and call.data["outcome"] == "assigned":
        draft = assigning.draft_of(call.shown)
        if draft is None or draft.state != "applied":
            raise InvalidRequest("The money is still in suspense: assign it and have it approved.", param="outcome")
    return []


def _reopen(call: Call) -> str:
    exceptions.reopen(case_id=call.shown.pk, note=call.data["note"], actor=actor_of(call.request), now=call.now)
    return "Open again, and yours."


def _assign(call: Call) -> str:
    adjustment = assigning.draft_assignment(
        case_id=call.shown.pk,
        client=call.data["client"],
        evidence=call.data["evidence"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{adjustment.public_id} waits for a second person. Nothing has moved yet."


def _outcome(case: ExceptionCase, outcome: str) -> str:
    return dict(category(case.category).outcomes).get(outcome, display.words(outcome))


def _is_open(case: ExceptionCase) -> bool:
    return case.state != "resolved"


@admin.register(ExceptionCase)
class ExceptionAdmin(ReadOnlyAdmin):
    prefix = "exc"
    detail_select_related = ("client",)
    finders = (
        finding.public_id("exc"),
        finding.exactly("object_ref", "what it is about"),
        finding.name("title", "title"),
        finding.amount(),
        *BY_CLIENT,
    )
    inline = "note"
    empty = "No exception: everything that came in is explained."
    acts = (
        Act(
            name="take", label="Take", permission=exceptions.PERMISSION, perform=_take, confirm=False,
            sentence=lambda shown, data: "Take this exception", offered=_is_open,
        ),
        Act(
            name="note", label="Add a note", permission=exceptions.PERMISSION, form=Note, perform=_note, confirm=False,
            sentence=lambda shown, data: "Add the note",
        ),
        Act(
            name="assign", label="Assign to a client", permission=assigning.PERMISSION, form=Assign, perform=_assign,
            sentence=lambda shown, data: f"Draft {_amount(shown)} for {data['client'].name}",
            offered=lambda shown: _is_open(shown) and shown.category == assigning.CATEGORY,
            initial=lambda request, shown: {"client": case_panels.likely_client(shown)},
            note="A draft from suspense to the client's wallet. Nothing moves until another person approves it.",
        ),
        Act(
            name="resolve", label="Resolve", permission=exceptions.PERMISSION, form=Resolve, perform=_resolve,
            sentence=lambda shown, data: f"Resolve: {_outcome(shown, data['outcome'])}",
            offered=_is_open,
            initial=lambda request, shown: {"outcomes": category(shown.category).outcomes},
            checks=_assigned_first,
        ),
        Act(
            name="reopen", label="Reopen", permission=exceptions.PERMISSION, form=Reopen, perform=_reopen,
            sentence=lambda shown, data: "Open this exception again",
            offered=lambda shown: not _is_open(shown),
        ),
    )  # fmt: skip

    def get_urls(self) -> list[Any]:
        take_next = path(
            "take-next/", self.admin_site.admin_view(self.take_next), name="reconciliation_exceptioncase_take-next"
        )
        return [take_next, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Exceptions",
            "may_work": request.user.has_perm(exceptions.PERMISSION),
            "take_next": reverse("admin:reconciliation_exceptioncase_take-next"),
            **case_queue.page(request, person=actor_of(request).person, now=timezone.now()),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/staff/exceptions.html", context)

    def take_next(self, request: HttpRequest) -> HttpResponse:
        """Take the case that is due first and that nobody has; two people never get the same one."""
        if request.method != "POST":
            raise PermissionDenied
        case = exceptions.take_next(actor=actor_of(request), now=timezone.now(), team=request.POST.get("team", "")[:20])
        if case is None:
            messages.info(request, "Nothing is waiting: every open exception has somebody.")
            return HttpResponseRedirect(self.list_url())
        return HttpResponseRedirect(self.url_of(case))

    def heading(self, shown: ExceptionCase) -> str:
        return shown.title

    def tags(self, shown: ExceptionCase) -> list[Any]:
        due = case_queue.due_words(shown, timezone.now())
        late = shown.state != "resolved" and shown.due_at < timezone.now()
        return [display.state(shown.state), display.tag(due, "attention" if late else "open")]

    def lead(self, request: HttpRequest, shown: ExceptionCase) -> Any:
        return _amount(shown, markup=True)

    def summary(self, request: HttpRequest, shown: ExceptionCase) -> str:
        return shown.title

    def panels(self, request: HttpRequest, shown: ExceptionCase) -> list[Panel]:
        return case_panels.main(request, shown)

    def asides(self, request: HttpRequest, shown: ExceptionCase) -> list[Panel]:
        kind = category(shown.category)
        names = people.names([shown.assignee, shown.resolved_by])
        return [
            facts(
                "Exception",
                ("Kind", kind.title),
                ("Team", display.words(shown.team)),
                ("Assignee", names.get(shown.assignee, "nobody")),
                ("Due", display.when(shown.due_at)),
                ("Client", references.link(request, shown.client.public_id, shown.client.name) if shown.client else ""),
                ("About", references.link(request, shown.object_ref) if shown.object_ref else ""),
                ("Raised", display.when(shown.created_at)),
                ("Outcome", _outcome(shown, shown.outcome) if shown.outcome else ""),
                ("Resolved by", names.get(shown.resolved_by, "")),
                ("Resolved", display.when(shown.resolved_at) if shown.resolved_at else ""),
                ("Public id", display.code(shown.public_id)),
            )
        ]


def _amount(case: ExceptionCase, *, markup: bool = False) -> Any:
    if case.amount is None or not case.currency:
        return ""
    money = Money.of(case.amount, case.currency)
    return display.amount(money) if markup else display.plain(money)
