"""What a person may do to an object: a form, a check page that says what will happen, and one service call.

A business verb instead of a change form. The service decides; a refusal is shown in words on the same page, what was
typed is kept, and nothing has changed. Works without scripts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
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
class Group:
    """Fields that belong together; `opened` when there is something in them to see."""

    title: str
    note: str
    fields: tuple[forms.BoundField, ...]
    opened: bool


class ObjectForm(forms.Form):
    """A form whose fields follow from the object that it acts on."""

    group_title = group_note = ""

    def fit(self, shown: Any) -> None:
        """Called once, before anything is read: add, change or drop fields."""

    def grouped(self) -> Sequence[str]:
        """The names of the fields that stand together under `group_title`."""
        return ()

    @property
    def layout(self) -> Iterator[forms.BoundField | Group]:
        """The fields in their order, the group in the place of its first field."""
        names = tuple(self.grouped())
        for field in self:
            if field.name not in names:
                yield field
            elif field.name == names[0]:
                fields = tuple(self[name] for name in names)
                yield Group(self.group_title, self.group_note, fields, any(f.errors or f.value() for f in fields))


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


def text(
    label: str, *, help_text: str = "", required: bool = True, rows: int = 3, longest: int = 2000, shortest: int = 0
) -> Any:
    """A field for a few lines of words."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=longest,
        min_length=shortest or None,
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


class Amount(forms.CharField):
    """An amount above or at zero, exactly as typed, without the commas between thousands; "" for none.

    A comma that could be a decimal point is refused: "12,50" must never become 1250."""

    _PLAIN = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")

    def to_python(self, value: Any) -> str:
        typed: str = super().to_python(value)
        if typed and not self._PLAIN.fullmatch(typed):
            raise forms.ValidationError("Write it with a point before the decimals, like 1234.50.")
        return typed.replace(",", "")


def amount(label: str = "Amount", *, help_text: str = "", required: bool = True) -> Any:
    """A field for an amount; what it holds is read by `Money.of`."""
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return Amount(label=label, help_text=help_text, required=required, max_length=60, widget=widget)
