"""What a person may do to an object: a form, a check page that says what will happen, and one service call.

A business verb instead of a change form. The service decides; a refusal is shown in words on the same page, what was
typed is kept, and nothing has changed. Works without scripts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest

from ledger.admin.panels import Panel
from ledger.errors import DomainError, Forbidden, InvalidRequest, NotFound, SelfApproval, Unavailable

CONFIRMED = "confirmed"
AGAIN = "again"


class Nothing(forms.Form):
    """An act that needs no words."""


@dataclass(frozen=True)
class Call:
    """Everything an act may use. `data` is what the form accepted."""

    request: HttpRequest
    shown: Any
    data: dict[str, Any]
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Act:
    """`perform` makes one service call and returns what to tell the person; with `shows`, a page instead.

    `sentence` says what will happen, as the check page's title and the button's words. `offered` tells whether the
    object's state allows it; the service has the last word."""

    name: str
    label: str
    permission: str
    perform: Callable[[Call], Any]
    sentence: Callable[[Any, dict[str, Any]], str]
    form: type[forms.Form] = Nothing
    offered: Callable[[Any], bool] = lambda shown: True
    explain: Callable[[HttpRequest, Any], Sequence[Panel]] = lambda request, shown: ()
    initial: Callable[[HttpRequest, Any], dict[str, Any]] = lambda request, shown: {}
    checks: Callable[[Call], Sequence[Panel]] = lambda call: ()
    note: str = ""
    confirm: bool = True
    danger: bool = False
    shows: str = ""

    @property
    def at_once(self) -> bool:
        """One button and no page of its own."""
        return not self.confirm and self.form is Nothing

    def may(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.permission))


def status_of(error: DomainError) -> HTTPStatus:
    """The status of the page that shows a refusal."""
    if isinstance(error, Forbidden | SelfApproval):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, Unavailable):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if error.code in ("invalid_transition", "version_conflict", "idempotency_in_progress", "duplicate_reference"):
        return HTTPStatus.CONFLICT
    return HTTPStatus.UNPROCESSABLE_ENTITY


def show_refusal(form: forms.Form, error: DomainError) -> None:
    """Put a refusal where the person will look: at the field it names, else above the form."""
    field = error.param if isinstance(error, InvalidRequest) or error.param in form.fields else None
    form.add_error(field if field in form.fields else None, error.detail)


def text(label: str, *, help_text: str = "", required: bool = True, rows: int = 3, longest: int = 2000) -> Any:
    """A field for a few lines of words."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def line(label: str, *, help_text: str = "", required: bool = True, longest: int = 200, **attributes: str) -> Any:
    """A field for one line."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=longest,
        widget=forms.TextInput(attrs=attributes),
    )
