"""API keys on staff pages: made with a secret that one page shows once, and revoked."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, yes_no
from ledger.admin.panels import Panel, facts
from payments.models import ApiKey, User
from payments.roles import ROLES, permissions_of, toxic_pair
from payments.services import api_keys, users
from payments.web import actor_of

PERMISSION = "payments.manage_keys"


class Create(forms.Form):
    name = acts.line("Name", help_text="What uses it, for example “CRM, read only”.", longest=80)
    role = forms.ChoiceField(
        label="Role",
        choices=[(role, f"{display.words(role).capitalize()}. {ROLES[role]}") for role in users.STAFF_ROLES],
    )
    owner = forms.EmailField(
        label="Who answers for it",
        help_text="E-mail of a staff member. What the key makes counts as made by this person, so this person cannot "
        "approve it.",
    )
    expires_on = forms.DateField(
        label="Ends on", required=False, help_text="Empty: when it is revoked.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip

    def clean_owner(self) -> User:
        owner = User.objects.filter(email__iexact=self.cleaned_data["owner"], is_staff=True, is_active=True).first()
        if owner is None:
            raise ValidationError("No active staff member has this e-mail address.")
        return owner

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        owner, role = data.get("owner"), data.get("role")
        if owner and role and (pair := toxic_pair(owner.roles | {role})):
            one, other = (display.words(name) for name in pair)
            self.add_error("owner", f"One person must not be both {one} and {other}.")
        if data.get("expires_on") and data["expires_on"] <= timezone.localdate():
            self.add_error("expires_on", "This day is over or is today.")
        return data


def _create(call: Call) -> dict[str, Any]:
    last_day = call.data["expires_on"]
    ends = timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time())) if last_day else None
    key, secret = api_keys.create(
        name=call.data["name"],
        role=call.data["role"],
        owner=call.data["owner"],
        expires_at=ends,
        actor=actor_of(call.request),
        now=call.now,
    )
    return {"key": key, "secret": secret, "url": references.url(key.public_id)}


def _revoke(call: Call) -> str:
    api_keys.revoke(key_id=call.shown.pk, actor=actor_of(call.request), now=call.now)
    return f"“{call.shown.name}” no longer works."


def state_of(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    prefix = "key"
    called = ("API key", "API keys")
    list_display = ("key", "role_shown", "owner_shown", "state_shown", "used", "made")
    list_filter = (
        choices("role", "Role", users.STAFF_ROLES),
        yes_no("revoked", "Revoked", {"revoked_at__isnull": False}, "yes", "no"),
    )
    list_select_related = detail_select_related = ("owner",)
    finders = (finding.public_id("key"), finding.exactly("prefix", "public part"), finding.name("name"))
    search_help_text = "Name or the key's public part"
    makes = (
        Act(
            name="create", label="Make a key", permission=PERMISSION, form=Create, perform=_create,
            sentence=lambda shown, data: f"Make the key “{data['name']}” and show its secret once",
            shows="admin/staff/secret.html",
        ),
    )  # fmt: skip
    acts = (
        Act(
            name="revoke", label="Revoke", permission=PERMISSION, perform=_revoke, danger=True,
            sentence=lambda shown, data: f"Revoke “{shown.name}”",
            offered=lambda shown: shown.revoked_at is None,
            note="It stops working at once and can never be used again.",
        ),
    )  # fmt: skip

    @admin.display(description="Key")
    def key(self, shown: ApiKey) -> Any:
        return display.stacked(shown.name, display.code(f"ww_{shown.prefix}_…"))

    @admin.display(description="Role")
    def role_shown(self, shown: ApiKey) -> str:
        return display.words(shown.role)

    @admin.display(description="Answers for it")
    def owner_shown(self, shown: ApiKey) -> str:
        return str(shown.owner) if shown.owner else "nobody"

    @admin.display(description="State")
    def state_shown(self, shown: ApiKey) -> Any:
        return display.state(state_of(shown))

    @admin.display(description="Last used")
    def used(self, shown: ApiKey) -> Any:
        return display.when(shown.last_used_at)

    @admin.display(description="Made")
    def made(self, shown: ApiKey) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: ApiKey) -> str:
        return f"API key “{shown.name}”"

    def tags(self, shown: ApiKey) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: ApiKey) -> Any:
        return self.role_shown(shown)

    def panels(self, request: HttpRequest, shown: ApiKey) -> list[Panel]:
        allowed = ", ".join(sorted(permissions_of([shown.role])))
        return [facts("What it may do", ("Role", ROLES.get(shown.role, "")), ("Permissions", allowed))]

    def asides(self, request: HttpRequest, shown: ApiKey) -> list[Panel]:
        owner = (
            references.link(request, shown.owner.public_id, people.name(shown.owner.public_id)) if shown.owner else ""
        )
        return [
            facts(
                "Key",
                ("Public part", display.code(f"ww_{shown.prefix}_…")),
                ("Answers for it", owner or "nobody"),
                ("Made", self.made(shown)),
                ("Ends", display.when(shown.expires_at) if shown.expires_at else "when revoked"),
                ("Revoked", display.when(shown.revoked_at) if shown.revoked_at else ""),
                ("Last used", self.used(shown)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
