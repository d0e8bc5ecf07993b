"""Bringing money in: amount, check, the provider's own page, and an honest page to come back to."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import NotFound
from payments.models import Deposit
from payments.services import deposits
from portal.access import ClientRequest, client_page, own
from portal.actor import actor_of
from portal.forms import once
from portal.forms.movements import DepositForm
from portal.queries import balances, story
from portal.views.steps import Steps

PURPOSE = "deposit"
_USUAL = ("EUR", "USD", "GBP", "CHF", "PLN")


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def deposit(request: ClientRequest) -> HttpResponse:
    currencies = _currencies(request)
    steps = Steps(
        purpose=PURPOSE,
        template="portal/deposit.html",
        check_template="portal/deposit_check.html",
        form=partial(DepositForm, currencies=currencies),
        act=_start,
        done=_to_checkout,
        context={"nav": "home"},
    )
    return steps.answer(request, initial={"currency": request.GET.get("currency", currencies[0])})


def _currencies(request: ClientRequest) -> list[str]:
    """What a card can pay: the client's own currencies first."""
    offered = deposits.RAILS[Deposit.Rail.CARD].currencies
    shown = balances.of_client(request.client, now=timezone.now())
    used = [found.currency for found in shown.currencies] + [account.currency for account in shown.trading]
    return [code for code in dict.fromkeys([*used, *_USUAL, *sorted(offered)]) if code in offered]


def _start(request: ClientRequest, form: DepositForm) -> str:
    actor = actor_of(request)
    name = once.name_of(actor=actor, purpose=PURPOSE, token=request.POST[once.FIELD])
    back = reverse("portal:deposit-back", args=[name.rpartition(":")[2]])
    started = deposits.start(
        client=request.client,
        money=form.money,
        rail=Deposit.Rail.CARD,
        return_url=request.build_absolute_uri(back),
        actor=actor,
        now=timezone.now(),
    )
    return started.public_id


def _to_checkout(request: ClientRequest, outcome: once.Outcome) -> HttpResponse:
    """To the provider's page, or, while it has not answered, to the page that waits for it."""
    found = deposits.ensure_checkout(deposit_id=Deposit.key(outcome.reference), now=timezone.now())
    if found.state == "initiated" and found.checkout_url:
        return redirect(found.checkout_url)
    return redirect("portal:deposit-return", outcome.reference)


@require_POST
@client_page
def pay(request: ClientRequest, reference: str) -> HttpResponse:
    """Go on to the provider's page of a deposit that has not been paid. Repeating it is harmless."""
    found = own(Deposit, request.client, reference)
    return _to_checkout(request, once.Outcome(found.public_id, replayed=True))


@require_safe
@client_page
def back(request: ClientRequest, name: str) -> HttpResponse:
    """Where the provider sends people back to. What its address says is not believed: the deposit's page is shown."""
    reference = once.found(actor=actor_of(request), name=f"portal:{PURPOSE}:{name}")
    if not reference:
        raise NotFound
    return redirect("portal:deposit-return", reference)


@require_safe
@client_page
def returned(request: ClientRequest, reference: str) -> HttpResponse:
    """What we know so far, refreshed until the provider has told us how it went."""
    own(Deposit, request.client, reference)
    told = story.of(reference, now=timezone.now(), client=request.client)
    waiting = told.line.state in ("initiated", "authorised")
    return render(request, "portal/deposit_return.html", {"line": told.line, "waiting": waiting, "nav": "activity"})
