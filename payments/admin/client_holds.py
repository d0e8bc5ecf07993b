"""A client's open holds on the client's page: how much, for what, by whom, and the way to place another."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from ledger import holds
from ledger.admin import display, people, references
from ledger.admin.holds import KIND_NAMES
from ledger.admin.panels import Panel, Table, below, columns
from payments.admin.hold_acts import PLACE
from payments.models import Client

HEADS = columns(("Still held", "main"), "Why", "By", ("Runs out", "time"))


@below.add
def holds_of(request: HttpRequest, shown: Any) -> list[Panel]:
    """The open holds of a client's wallets and pockets; nothing on other pages."""
    if not isinstance(shown, Client) or not request.user.has_perm("ledger.view_hold"):
        return []
    found = holds.of(shown.owner)
    names = people.names(hold.actor for hold in found)
    rows = tuple(
        (
            references.link(request, hold.public_id, display.raw_amount(hold.remaining, hold.wallet.currency_id)),
            display.stacked(KIND_NAMES[hold.kind], hold.reason),
            names.get(hold.actor, hold.actor),
            display.when(hold.expires_at),
        )
        for hold in found
    )
    address = f"{reverse('admin:ledger_hold_place')}?account={shown.public_id}"
    more = ("Place a hold", address) if PLACE.may(request) else None
    return [Table("Open holds", HEADS, rows, "Nothing is held.", more=more)]
