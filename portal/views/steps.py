"""The two steps of everything that acts: a form, then a page that shows what will happen, then the act itself, once.

Works without scripts. A refusal comes back as the form with the words beside the field and everything kept (422);
nothing has then happened. What was typed waits in the session between the two pages and is gone after the act.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ledger.errors import DomainError, IdempotencyInProgress, IdempotencyKeyReused, NotFound, Unavailable
from payments.actors import Actor
from portal.access import ClientRequest, refused
from portal.actor import actor_of
from portal.forms import once
from portal.forms.base import PortalForm

Form = TypeVar("Form", bound=PortalForm)
Context = dict[str, Any]
CHECK, EDIT = "check", "edit"


@dataclass(frozen=True, kw_only=True)
class Steps(Generic[Form]):
    """One act. `check` gathers what the check page shows and may refuse; `act` calls one service and returns the
    public id of what it made; `done` answers with a redirect. `agreed` are the figures that must still be true when
    the client confirms."""

    purpose: str
    template: str
    check_template: str
    form: Callable[..., Form]
    act: Callable[[ClientRequest, Form], str]
    done: Callable[[ClientRequest, once.Outcome], HttpResponse]
    check: Callable[[ClientRequest, Form], Context] = lambda request, form: {}
    agreed: Callable[[Context], str] = lambda context: ""
    context: Context
    outside: bool = False

    def answer(self, request: ClientRequest, initial: Mapping[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST":
            return self._shown(request, initial or {})
        form = self.form(request.POST)
        if not form.is_valid():
            return self._form_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            if request.POST.get("step") == "confirm":
                return self._confirm(request, form)
            self.check(request, form)
        except NotFound:
            raise
        except (IdempotencyKeyReused, IdempotencyInProgress) as error:
            return refused(request, error, status=HTTPStatus.CONFLICT)
        except DomainError as error:
            form.refuse(error)
            unreachable = isinstance(error, Unavailable)
            status = HTTPStatus.SERVICE_UNAVAILABLE if unreachable else HTTPStatus.UNPROCESSABLE_ENTITY
            return self._form_page(request, form, status)
        request.session[self._draft] = form.values
        return redirect(self._address(request, CHECK))

    @property
    def _draft(self) -> str:
        return f"draft.{self.purpose}"

    def _address(self, request: ClientRequest, page: str) -> str:
        query = {name: value for name, value in request.GET.items() if name not in (CHECK, EDIT)}
        return f"{request.path}?{urlencode({**query, page: '1'})}"

    def _shown(self, request: ClientRequest, initial: Mapping[str, Any]) -> HttpResponse:
        """The form, or the check page of what was typed last: an address of its own, so that going back never asks
        to send anything again."""
        draft = request.session.get(self._draft)
        if CHECK not in request.GET or not draft:
            kept = draft if draft and EDIT in request.GET else initial
            return self._form_page(request, self.form(initial=kept))
        form = self.form(draft)
        if not form.is_valid():
            return self._form_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            return self._check_page(request, form)
        except DomainError as error:
            form.refuse(error)
            return self._form_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _confirm(self, request: ClientRequest, form: Form) -> HttpResponse:
        """Act once. A twin of a form that has acted is led to the same result, even when a second act would now be
        refused, as it must be when the first has spent the money."""
        actor, token = actor_of(request), request.POST.get(once.FIELD, "")
        try:
            name = once.name_of(actor=actor, purpose=self.purpose, token=token)
        except once.Stale as error:
            return self._check_page(request, form, notice=_(error.detail))
        try:
            if not once.found(actor=actor, name=name):
                shown = self.check(request, form)
                if self.agreed(shown) != request.POST.get("agreed", ""):
                    notice = _("The figures have changed since you looked. Please check them again.")
                    return self._check_page(request, form, shown, notice=notice)
            return self.done(request, self._act(request, form, actor, token))
        except IdempotencyKeyReused:
            raise
        except DomainError:
            if reference := once.found(actor=actor, name=name):
                return self.done(request, once.Outcome(reference, replayed=True))
            raise

    def _act(self, request: ClientRequest, form: Form, actor: Actor, token: str) -> once.Outcome:
        content = {**form.values, "client": request.client.public_id}
        run = once.run_outside if self.outside else once.run
        outcome = run(
            actor=actor, purpose=self.purpose, token=token, content=content, work=lambda: self.act(request, form)
        )
        request.session.pop(self._draft, None)
        return outcome

    def _check_page(
        self, request: ClientRequest, form: Form, shown: Context | None = None, *, notice: str = ""
    ) -> HttpResponse:
        shown = self.check(request, form) if shown is None else shown
        context = {
            **self.context,
            **shown,
            "form": form,
            "notice": notice,
            "agreed": self.agreed(shown),
            "here": self._address(request, CHECK),
            "edit": self._address(request, EDIT),
            "once": once.token(actor=actor_of(request), purpose=self.purpose),
        }
        return render(request, self.check_template, context)

    def _form_page(self, request: ClientRequest, form: Form, status: int = HTTPStatus.OK) -> HttpResponse:
        return render(request, self.template, {**self.context, "form": form}, status=status)
