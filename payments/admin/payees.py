"""Payees on staff pages: bank accounts of clients, masked for those who may not see bank details."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import display, finding, references
from ledger.admin.filters import choices, since, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.admin.versions import VersionedAdmin
from payments.admin.movements import BY_CLIENT, client_link
from payments.models import PaymentMethod, Withdrawal

BANK_DETAILS = "payments.view_bank_details"
PAYOUTS_SHOWN = 20


def number_shown(request: HttpRequest, method: PaymentMethod) -> Any:
    """The account number in groups of four, or masked."""
    if not method.iban or not request.user.has_perm(BANK_DETAILS):
        return display.code(method.masked)
    return display.code(" ".join(method.iban[i : i + 4] for i in range(0, len(method.iban), 4)))


def payee_shown(request: HttpRequest, method: PaymentMethod) -> Any:
    """Holder and number, leading to the payee's page."""
    name = references.link(request, method.public_id, method.holder_name)
    return display.stacked(name, number_shown(request, method))


@admin.register(PaymentMethod)
class PayeeAdmin(VersionedAdmin):
    prefix = "pm"
    called = ("payee", "payees")
    list_display = ("payee", "client_shown", "number", "rail_shown", "match_shown", "state_shown", "added")
    list_filter = (
        choices("state", "State", PaymentMethod.State.values),
        choices("rail", "Rail", PaymentMethod.Rail.values, dict(PaymentMethod.Rail.choices)),
        yes_no("name", "Holder", {"name_matches": True}, "is the client", "is somebody else"),
        since("created_at", "Added since"),
    )
    list_select_related = ("client",)
    detail_select_related = ("client",)
    finders = (
        finding.public_id("pm"),
        finding.iban("iban"),
        finding.last_four(),
        finding.name("holder_name", "holder's name"),
        *BY_CLIENT,
    )
    search_help_text = "IBAN, last 4 digits, holder or client"
    version_fields = ("state", "holder_name", "iban", "bic", "currency", "name_matches")

    @admin.display(description="Payee")
    def payee(self, shown: PaymentMethod) -> Any:
        return display.stacked(shown.holder_name, display.short(shown.public_id))

    @admin.display(description="Client")
    def client_shown(self, shown: PaymentMethod) -> Any:
        return display.stacked(shown.client.name, shown.client.email)

    @admin.display(description="Account")
    def number(self, shown: PaymentMethod) -> Any:
        return display.code(shown.masked)

    @admin.display(description="Rail")
    def rail_shown(self, shown: PaymentMethod) -> str:
        return f"{shown.get_rail_display()}, {shown.currency}"

    @admin.display(description="Holder")
    def match_shown(self, shown: PaymentMethod) -> Any:
        good = shown.name_matches
        return display.tag("is the client" if good else "is somebody else", "good" if good else "attention")

    @admin.display(description="State")
    def state_shown(self, shown: PaymentMethod) -> Any:
        return display.state(shown.state)

    @admin.display(description="Added")
    def added(self, shown: PaymentMethod) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: PaymentMethod) -> str:
        return f"Payee {shown.holder_name}"

    def version_value(self, request: HttpRequest, name: str, value: Any) -> Any:
        if name == "iban" and value and not request.user.has_perm(BANK_DETAILS):
            return f"{value[:2]}•• •••• {value[-4:]}"
        return super().version_value(request, name, value)

    def panels(self, request: HttpRequest, shown: PaymentMethod) -> list[Panel]:
        found: list[Panel] = [self.versions(request, shown)]
        if request.user.has_perm("payments.view_withdrawal"):
            found.insert(0, payouts_to(request, shown))
        return found

    def asides(self, request: HttpRequest, shown: PaymentMethod) -> list[Panel]:
        return [
            facts(
                "Payee",
                ("Client", client_link(request, shown.client)),
                ("Holder", display.stacked(shown.holder_name, self.match_shown(shown))),
                ("Account", number_shown(request, shown)),
                ("BIC", shown.bic if request.user.has_perm(BANK_DETAILS) else ""),
                ("Rail", self.rail_shown(shown)),
                ("Added", display.when(shown.created_at)),
                ("Public id", display.code(shown.public_id)),
            )
        ]


def payouts_to(request: HttpRequest, method: PaymentMethod, *, but: Withdrawal | None = None) -> Table:
    """What was ever asked to be paid to this payee, newest first; `but` one of them."""
    asked = Withdrawal.objects.filter(payment_method=method).order_by("-pk")
    found = (asked.exclude(pk=but.pk) if but else asked)[:PAYOUTS_SHOWN]
    rows = tuple(
        (
            references.link(request, row.public_id, display.short(row.public_id)),
            display.amount(row.money),
            display.state(row.state),
            display.when(row.created_at),
            display.when(row.paid_at),
        )
        for row in found
    )
    heads = columns(("Withdrawal", "main"), ("Amount", "money"), "State", ("Asked", "time"), ("Paid", "time"))
    title = "Other withdrawals to this payee" if but else "Withdrawals to this payee"
    return Table(title, heads, rows, "None: this payee was never used.")
