"""Trading accounts on staff pages: the platform's own figures beside our mirror of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ledger import accounts, ids, queries
from ledger.admin import display, finding, references
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.admin.versions import VersionedAdmin
from ledger.errors import NotFound
from ledger.money import CURRENCIES
from payments.admin.movements import BY_CLIENT, client_link
from payments.models import TradingAccount, Transfer
from payments.services import trading_accounts

TRANSFERS_SHOWN = 20


@admin.register(TradingAccount)
class TradingAccountAdmin(VersionedAdmin):
    prefix = "ta"
    list_display = ("account", "client_shown", "currency", "money", "equity", "as_of", "state_shown")
    list_filter = (
        choices("state", "State", TradingAccount.State.values),
        choices("currency", "Currency", sorted(CURRENCIES)),
    )
    list_select_related = detail_select_related = ("client",)
    finders = (finding.public_id("ta"), finding.exactly("login", "login"), *BY_CLIENT)
    search_help_text = "Login or client"
    version_fields = ("state", "platform", "login", "currency", "group")

    @admin.display(description="Trading account")
    def account(self, shown: TradingAccount) -> Any:
        return display.stacked(str(shown), shown.group)

    @admin.display(description="Client")
    def client_shown(self, shown: TradingAccount) -> Any:
        return display.stacked(shown.client.name, shown.client.email)

    @admin.display(description="Platform's balance")
    def money(self, shown: TradingAccount) -> Any:
        return display.raw_amount(shown.platform_balance, shown.currency)

    @admin.display(description="Equity")
    def equity(self, shown: TradingAccount) -> Any:
        return display.raw_amount(shown.platform_equity, shown.currency)

    @admin.display(description="As of")
    def as_of(self, shown: TradingAccount) -> Any:
        return display.when(shown.platform_as_of)

    @admin.display(description="State")
    def state_shown(self, shown: TradingAccount) -> Any:
        return display.state(shown.state)

    def heading(self, shown: TradingAccount) -> str:
        return str(shown)

    def panels(self, request: HttpRequest, shown: TradingAccount) -> list[Panel]:
        return [self._figures(request, shown), _transfers(request, shown), self.versions(request, shown)]

    def asides(self, request: HttpRequest, shown: TradingAccount) -> list[Panel]:
        return [
            facts(
                "Trading account",
                ("Client", client_link(request, shown.client)),
                ("Platform", shown.platform.upper()),
                ("Login", shown.login),
                ("Group", shown.group),
                ("Currency", shown.currency),
                ("Deals read until", display.when(shown.deals_read_until) if shown.deals_read_until else ""),
                ("Opened", display.when(shown.created_at)),
                ("Public id", display.code(shown.public_id)),
            )
        ]

    def _figures(self, request: HttpRequest, shown: TradingAccount) -> Panel:
        """The platform's figure, ours, and whether they agree."""
        try:
            ref = accounts.find(trading_accounts.ledger_code(shown), shown.currency)
        except NotFound:
            ref = None
        mirror = queries.balance_of(ref.id).balance if ref else None
        said = shown.platform_balance
        agrees = said is not None and said == (mirror or 0)
        return facts(
            "Balance on both sides",
            (
                "Platform says",
                self.money(shown),
                f"as of {display.ago(shown.platform_as_of, now=_now())}" if said else "",
            ),
            ("Our mirror", display.raw_amount(mirror, shown.currency) if ref else "never used"),
            (
                "They",
                "" if said is None else display.tag("agree", "good") if agrees else display.tag("differ", "attention"),
            ),
            ("Equity", self.equity(shown)),
            ("Account in the books", references.link(request, ids.encode("acc", ref.id), ref.code) if ref else ""),
        )


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


def _transfers(request: HttpRequest, shown: TradingAccount) -> Table:
    found = Transfer.objects.filter(trading_account=shown).order_by("-pk")[:TRANSFERS_SHOWN]
    rows = tuple(
        (
            references.link(request, row.public_id, display.short(row.public_id)),
            row.get_direction_display(),
            display.amount(row.money),
            display.state(row.state),
            display.code(row.platform_ticket),
            display.when(row.created_at),
        )
        for row in found
    )
    heads = columns(("Transfer", "main"), "Direction", ("Amount", "money"), "State", "Ticket", ("Made", "time"))
    return Table("Latest transfers", heads, rows, "None.")
