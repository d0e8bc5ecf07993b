"""The pages of an act: the form, the check page that names what will happen, and the refusal in words.

One POST without `confirmed` only checks; the second one acts. Nothing is stored in between: what was typed travels in
hidden fields and is judged again.
"""

from datetime import date
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from ledger.admin import display
from ledger.admin.acts import AGAIN, CONFIRMED, Act, Call, ObjectForm, show_refusal, status_of
from ledger.errors import DomainError


def respond(model_admin: Any, act: Act, request: HttpRequest, shown: Any) -> HttpResponse:
    """Show or carry out an act on an object (None: an act that makes one). Raises PermissionDenied."""
    if not act.may(request):
        raise PermissionDenied
    if request.method in ("GET", "HEAD"):
        if shown is not None and not act.offered(shown):
            messages.warning(request, f"“{act.label}” is not possible any more: it has changed.")
            return HttpResponseRedirect(model_admin.url_of(shown))
        return _form_page(model_admin, act, request, shown, _form(act, shown, initial=act.initial(request, shown)))
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"])
    form = _form(act, shown, request.POST, request.FILES, initial=act.initial(request, shown))
    if AGAIN in request.POST:
        return _form_page(model_admin, act, request, shown, _form(act, shown, initial=_typed(act, request)))
    if not form.is_valid():
        return _form_page(model_admin, act, request, shown, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    call = Call(request, shown, form.cleaned_data, timezone.now())
    if act.confirm and CONFIRMED not in request.POST:
        return _check_page(model_admin, act, call, form)
    return _carry_out(model_admin, act, call, form)


def _form(act: Act, shown: Any, *typed: Any, initial: dict[str, Any]) -> forms.Form:
    form = act.form(*typed, initial=initial)
    if isinstance(form, ObjectForm):
        form.fit(shown)
    return form


def _typed(act: Act, request: HttpRequest) -> dict[str, Any]:
    """What was typed before, to be shown again for correction."""
    lists = {name for name, field in act.form.base_fields.items() if isinstance(field, forms.MultipleChoiceField)}
    return {name: values if name in lists else values[-1] for name, values in request.POST.lists()}


def _carry_out(model_admin: Any, act: Act, call: Call, form: forms.Form) -> HttpResponse:
    try:
        done = act.perform(call)
    except DomainError as error:
        show_refusal(form, error)
        return _form_page(model_admin, act, call.request, call.shown, form, status=status_of(error))
    if act.shows:
        return _page(model_admin, act, call.request, call.shown, act.shows, done=done)
    words, address = done if isinstance(done, tuple) else (done, "")
    messages.success(call.request, words)
    if not address:
        address = model_admin.url_of(call.shown) if call.shown is not None else model_admin.list_url()
    return HttpResponseRedirect(address)


def _form_page(
    model_admin: Any, act: Act, request: HttpRequest, shown: Any, form: forms.Form, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    return _page(model_admin, act, request, shown, "admin/staff/act.html", status=status, form=form)


def _check_page(model_admin: Any, act: Act, call: Call, form: forms.Form) -> HttpResponse:
    try:
        checks, sentence = act.checks(call), act.sentence(call.shown, call.data)
    except DomainError as error:
        show_refusal(form, error)
        return _form_page(model_admin, act, call.request, call.shown, form, status=status_of(error))
    answers = [
        (field.label, _answer(field))
        for field in form.visible_fields()
        if form.cleaned_data.get(field.name) not in (None, "", [])
    ]
    return _page(
        model_admin, act, call.request, call.shown, "admin/staff/check.html",
        form=form, answers=answers, sentence=sentence, checks=checks,
    )  # fmt: skip


def _answer(field: forms.BoundField) -> str:
    """What was chosen, in the words of the form."""
    value = field.form.cleaned_data[field.name]
    if isinstance(value, date):
        return display.when(value)
    choices = dict(getattr(field.field, "choices", ()))
    if isinstance(value, list):
        return ", ".join(str(choices.get(item, item)) for item in value)
    return str(choices.get(value, value))


def _page(
    model_admin: Any,
    act: Act,
    request: HttpRequest,
    shown: Any,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    **context: Any,
) -> HttpResponse:
    back = model_admin.url_of(shown) if shown is not None else model_admin.list_url()
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request,
        template,
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": act.label.rstrip("…"),
            "act": act,
            "shown": shown,
            "reference": model_admin.public_id(shown) if shown is not None else "",
            "lead": model_admin.lead(request, shown) if shown is not None else "",
            "heading": model_admin.heading(shown) if shown is not None else "",
            "tags": model_admin.tags(shown) if shown is not None else [],
            "list_url": model_admin.list_url(),
            "list_name": model_admin.nouns,
            "back": back,
            "panels": act.explain(request, shown),
            **context,
        },
        status=status,
    )
