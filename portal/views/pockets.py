"""Moving money between the wallet and pockets: parts of a client's money under names of his own."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ledger.errors import InsufficientAvailable
from ledger.money import Money
from payments.services import pockets as pocket_service
from payments.services import transfers
from portal import explanations
from portal.access import ClientRequest, client_page
from portal.actor import actor_of
from portal.forms.pockets import INTO, PocketForm
from portal.queries import balances
from portal.views.steps import Context, Steps


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def pockets(request: ClientRequest) -> HttpResponse:
    shown = balances.of_client(request.client, now=timezone.now())
    currencies = [found.currency for found in shown.currencies]

    def check(request: ClientRequest, form: PocketForm) -> Context:
        """The figure before and after on the side that gives; refuses early what the books would refuse."""
        source, target = form.ends
        pocket_service.ends(client=request.client, source=source, target=target)
        found = shown.of(form.money.currency)
        zero = Money.zero(form.money.currency)
        inside = {pocket.name: pocket.available for pocket in found.pockets} if found else {}
        before = inside.get(source, zero) if source else (found.available if found else zero)
        if form.money > before:
            raise InsufficientAvailable(explanations.not_enough(before), param="amount")
        return {
            "source": source,
            "target": target,
            "money": form.money,
            "before": before,
            "after": before - form.money,
        }

    steps = Steps(
        purpose="pocket",
        template="portal/pockets.html",
        check_template="portal/pockets_check.html",
        form=partial(PocketForm, currencies=currencies),
        check=check,
        act=_move,
        done=lambda request, outcome: redirect("portal:movement", outcome.reference),
        context={"balances": shown, "nav": "home"},
    )
    wanted = request.GET.get("currency", "")
    initial: dict[str, Any] = {"way": INTO, "currency": wanted if wanted in currencies else None}
    return steps.answer(request, initial={name: value for name, value in initial.items() if value})


def _move(request: ClientRequest, form: PocketForm) -> str:
    source, target = form.ends
    made = transfers.within(
        client=request.client,
        source=source,
        target=target,
        money=form.money,
        actor=actor_of(request),
        now=timezone.now(),
    )
    return made.public_id
