"""What an act on a hold would do, shown before it is confirmed, and where the hold stands. Nothing of it stays."""

import uuid

from django.http import HttpRequest

from ledger import dry_runs
from ledger.admin import display, previews, references
from ledger.admin.acts import Call
from ledger.admin.holds import KIND_NAMES
from ledger.admin.panels import Panel, facts
from ledger.errors import NotFound
from ledger.models import Hold
from payments.admin import hold_calls
from payments.models import Client

WRITTEN = "What will be written"


def placing(call: Call) -> list[Panel]:
    placed: list[Hold] = []

    def work() -> uuid.UUID:
        placed.append(hold_calls.place(call))
        return uuid.UUID(str(placed[0].placed_by_id))

    written = previews.entries(WRITTEN, work)
    wallet, ends = placed[0].wallet, placed[0].expires_at
    return [
        facts(
            "Whose money",
            ("Client", references.link(call.request, wallet.owner, _name(wallet.owner))),
            ("From", display.account(wallet.code)),
            ("Runs out", display.when(ends) if ends else "never"),
        ),
        *written,
    ]


def _name(owner: str) -> str:
    """What people call the owner of an account; "" for one who is no client of ours."""
    try:
        return str(Client.objects.get(pk=Client.key(owner)).name)
    except (NotFound, Client.DoesNotExist):
        return ""


def capturing(call: Call) -> list[Panel]:
    return previews.entries(WRITTEN, previews.movement_of(call.shown.pk, lambda: hold_calls.capture(call)))


def releasing(call: Call) -> list[Panel]:
    return previews.entries(WRITTEN, previews.movement_of(call.shown.pk, lambda: hold_calls.release(call)))


def extending(call: Call) -> list[Panel]:
    then = dry_runs.rehearse(lambda: hold_calls.extend(call).expires_at)
    return [facts("When it runs out", ("Now", display.when(call.shown.expires_at)), ("Then", display.when(then)))]


def still_held(request: HttpRequest, shown: Hold) -> list[Panel]:
    currency = shown.wallet.currency_id
    return [
        facts(
            "Where it stands",
            ("Still held", display.raw_amount(shown.remaining, currency)),
            ("Of", display.raw_amount(shown.amount, currency)),
            ("For", KIND_NAMES[shown.kind]),
            ("Why", shown.reason),
            ("Runs out", display.when(shown.expires_at) if shown.expires_at else "never"),
        )
    ]
