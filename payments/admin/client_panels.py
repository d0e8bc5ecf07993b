"""The panels of a client's page: the accounts in the books, trading accounts, payees, and ways to the movements."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ledger import ids, queries
from ledger.admin import display, references
from ledger.admin.panels import Panel, Table, columns, facts
from payments.admin.payees import number_shown
from payments.models import Client, PaymentMethod, TradingAccount

LISTED = 10
SPENDABLE = ("wallet", "pocket", "trading")


def balances_of(request: HttpRequest, shown: Client) -> Table:
    rows = tuple(
        (
            references.link(request, ids.encode("acc", row.account_id), display.code(_short_code(row.code))),
            display.raw_amount(row.balance, row.currency),
            display.raw_amount(row.pending_out, row.currency) if row.pending_out else "",
            display.raw_amount(row.pending_in, row.currency) if row.pending_in else "",
            display.raw_amount(row.available, row.currency) if row.kind in SPENDABLE else "",
            display.state(row.status),
        )
        for row in queries.balances_of(shown.owner)
    )
    heads = columns(("Account", "main"), ("Posted", "money"), ("On its way out", "money"), ("On its way in", "money"),
                    ("Available", "money"), "Status")  # fmt: skip
    return Table("Accounts in the books", heads, rows, "No money yet.")


def _short_code(code: str) -> str:
    """ "client/cl_…/trading/mt5/1001" → "trading/mt5/1001"."""
    return code.split("/", 2)[2]


def trading_of(request: HttpRequest, shown: Client) -> Table:
    found = TradingAccount.objects.filter(client=shown).order_by("platform", "login")[:LISTED]
    rows = tuple(
        (
            references.link(request, row.public_id, str(row)),
            display.raw_amount(row.platform_balance, row.currency),
            display.raw_amount(row.platform_equity, row.currency),
            display.when(row.platform_as_of),
            display.state(row.state),
        )
        for row in found
    )
    heads = columns(("Trading account", "main"), ("Platform's balance", "money"), ("Equity", "money"),
                    ("As of", "time"), "State")  # fmt: skip
    return Table("Trading accounts", heads, rows, "None.")


def payees_of(request: HttpRequest, shown: Client) -> Table:
    found = PaymentMethod.objects.filter(client=shown).order_by("-pk")[:LISTED]
    rows = tuple(
        (
            references.link(request, row.public_id, row.holder_name),
            number_shown(request, row),
            display.tag("the client", "good") if row.name_matches else display.tag("somebody else", "attention"),
            display.state(row.state),
            display.when(row.created_at),
        )
        for row in found
    )
    heads = columns(("Payee", "main"), "Account", "Holder", "State", ("Added", "time"))
    return Table("Payees", heads, rows, "None.")


def movements_of(request: HttpRequest, shown: Client) -> Panel:
    """Links to the client's movements, each in its own list."""
    nouns = ("deposit", "withdrawal", "transfer", "adjustment")
    seen = [noun for noun in nouns if request.user.has_perm(f"payments.view_{noun}")]
    return facts("Movements", *((f"{noun.capitalize()}s", _list_link(noun, shown.public_id)) for noun in seen))


def _list_link(noun: str, reference: str) -> Any:
    address = f"{reverse(f'admin:payments_{noun}_changelist')}?q={reference}"
    return format_html('<a class="ww-link" href="{}">All {}s of this client</a>', address, noun)
