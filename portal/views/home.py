"""The first page: what there is, where it is, and the last five things that happened."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.errors import NotFound
from portal.access import ClientRequest, client_page
from portal.queries import balances, timeline

LAST_LINES = 5


@require_safe
@client_page
def home(request: ClientRequest) -> HttpResponse:
    now = timezone.now()
    return render(
        request,
        "portal/home.html",
        {
            "balances": balances.of_client(request.client, now=now),
            "page": timeline.page(request.client, now=now, limit=LAST_LINES),
            "nav": "home",
        },
    )


@require_safe
@client_page
def balance(request: ClientRequest, currency: str) -> HttpResponse:
    """One currency with every line of its sum: holds with their reasons, transfers on their way, the formula."""
    shown = balances.of_client(request.client, now=timezone.now()).of(currency)
    if shown is None:
        raise NotFound
    return render(request, "portal/balance.html", {"found": shown, "currency": currency, "nav": "home"})


@require_safe
@client_page
def help_page(request: ClientRequest) -> HttpResponse:
    return render(request, "portal/help.html")
