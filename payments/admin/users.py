"""People and API keys on staff pages: made, given roles, shut out and revoked by an administrator."""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import acts, display, finding, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from payments.models import User
from payments.roles import PERMISSIONS, ROLES, permissions_of
from payments.services import users
from payments.web import actor_of

ROLE_CHOICES = [(role, f"{display.words(role).capitalize()}. {ROLES[role]}") for role in users.STAFF_ROLES]


class Roles(forms.Form):
    roles = forms.MultipleChoiceField(
        label="Roles", choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple, required=False
    )


class Create(forms.Form):
    email = forms.EmailField(label="E-mail", max_length=254)
    full_name = acts.line("Full name")
    roles = forms.MultipleChoiceField(label="Roles", choices=ROLE_CHOICES, widget=forms.CheckboxSelectMultiple)


def _create(call: Call) -> tuple[str, str]:
    user = users.create(
        email=call.data["email"],
        full_name=call.data["full_name"],
        roles=call.data["roles"],
        actor=actor_of(call.request),
        now=call.now,
    )
    invitation = ResetPasswordForm({"email": user.email})
    if invitation.is_valid():
        invitation.save(call.request)
    return f"{user} was sent a link to set a password.", references.url(user.public_id)


def _set_roles(call: Call) -> str:
    users.set_roles(user_id=call.shown.pk, roles=call.data["roles"], actor=actor_of(call.request), now=call.now)
    return f"The roles of {call.shown} act from the next request on."


def _set_active(active: bool, words: str) -> Any:
    def perform(call: Call) -> str:
        users.set_active(user_id=call.shown.pk, active=active, actor=actor_of(call.request), now=call.now)
        return f"{call.shown} {words}"

    return perform


def _roles_sentence(shown: User, data: dict[str, Any]) -> str:
    words = ", ".join(display.words(role) for role in data["roles"])
    return f"Give {shown} exactly: {words}" if words else f"Take all staff roles from {shown}"


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    prefix = "usr"
    called = ("person", "people and roles")
    list_display = ("person", "roles_shown", "staff_shown", "state_shown", "last_seen", "joined")
    list_filter = (
        choices("groups__name", "Role", tuple(ROLES)),
        yes_no("staff", "Works here", {"is_staff": True}, "staff", "client or nobody"),
        yes_no("active", "May sign in", {"is_active": True}, "yes", "shut out"),
    )
    finders = (finding.public_id("usr"), finding.email("email"), finding.name("full_name"))
    search_help_text = "Name or e-mail"
    makes = (
        Act(
            name="create", label="Add a person", permission=users.PERMISSION, form=Create, perform=_create,
            sentence=lambda shown, data: f"Add {data['full_name']} and send a link to set a password",
            note="The person enrols a second factor at the first sign-in.",
        ),
    )  # fmt: skip
    acts = (
        Act(
            name="roles", label="Set roles", permission=users.PERMISSION, form=Roles, perform=_set_roles,
            sentence=_roles_sentence,
            initial=lambda request, shown: {"roles": sorted(shown.roles)},
            note="Nobody changes their own roles, and no person holds roles that together make and check.",
        ),
        Act(
            name="disable", label="Shut out", permission=users.PERMISSION, danger=True,
            perform=_set_active(False, "can no longer sign in; the person's API keys no longer work."),
            sentence=lambda shown, data: f"Shut {shown} out",
            offered=lambda shown: shown.is_active,
        ),
        Act(
            name="enable", label="Let in again", permission=users.PERMISSION,
            perform=_set_active(True, "can sign in again."),
            sentence=lambda shown, data: f"Let {shown} in again",
            offered=lambda shown: not shown.is_active,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Person")
    def person(self, shown: User) -> Any:
        return display.stacked(shown.full_name or shown.email, shown.email if shown.full_name else "")

    @admin.display(description="Roles")
    def roles_shown(self, shown: User) -> str:
        return ", ".join(display.words(group.name) for group in shown.groups.all()) or "none"

    @admin.display(description="Staff")
    def staff_shown(self, shown: User) -> str:
        return "staff" if shown.is_staff else display.DASH

    @admin.display(description="State")
    def state_shown(self, shown: User) -> Any:
        return display.state("active" if shown.is_active else "disabled", "" if shown.is_active else "shut out")

    @admin.display(description="Last sign-in")
    def last_seen(self, shown: User) -> Any:
        return display.when(shown.last_login)

    @admin.display(description="Since")
    def joined(self, shown: User) -> Any:
        return display.when(shown.date_joined)

    def heading(self, shown: User) -> str:
        return str(shown)

    def tags(self, shown: User) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: User) -> Any:
        return self.roles_shown(shown)

    def panels(self, request: HttpRequest, shown: User) -> list[Panel]:
        rows = tuple((PERMISSIONS[name][0], display.code(name)) for name in sorted(permissions_of(shown.roles)))
        return [Table("What these roles allow", columns(("Allowed", "main"), "Permission"), rows, "Nothing.")]

    def asides(self, request: HttpRequest, shown: User) -> list[Panel]:
        factors = Authenticator.objects.filter(user=shown).exclude(type=Authenticator.Type.RECOVERY_CODES)
        kinds = sorted({factor.get_type_display() for factor in factors})
        return [
            facts(
                "Person",
                ("E-mail", shown.email),
                ("Second factor", ", ".join(str(kind) for kind in kinds) or display.tag("none yet", "attention")),
                ("Superuser", "yes; grants nothing without a role" if shown.is_superuser else ""),
                ("Time zone", shown.timezone),
                ("Last sign-in", self.last_seen(shown)),
                ("Since", self.joined(shown)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
