"""The timeline with its filters, one movement's own page, and one day of trading."""

from datetime import date
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.errors import InvalidRequest
from ledger.models import Account
from payments.models import TradingAccount
from portal.access import ClientRequest, client_page, own
from portal.queries import story, timeline, trading
from portal.queries.filters import GROUPS, KINDS, Filters

_FILTERS = ("kind", "state", "currency", "from", "to", "q")
SHOWN_KINDS = ("deposit", "withdrawal", "transfer", "trading", "fee", "correction")


@require_safe
@client_page
def activity(request: ClientRequest) -> HttpResponse:
    """Filters live in the address, so a view can be shared, bookmarked and gone back to."""
    now = timezone.now()
    query = request.GET.dict()
    problem, status = None, HTTPStatus.OK
    try:
        filters = Filters.read(query)
        page = timeline.page(request.client, now=now, filters=filters, cursor=query.get("cursor") or None)
    except InvalidRequest as error:
        problem, status = error, HTTPStatus.UNPROCESSABLE_ENTITY
        filters = Filters()
        page = timeline.page(request.client, now=now)
        query = {}
    kept = {name: value for name, value in query.items() if value and name in _FILTERS}
    context = {
        "page": page,
        "filters": filters,
        "problem": problem,
        "typed": request.GET,
        "chips": sorted(
            _chips("kind", KINDS, kept, SHOWN_KINDS) + _chips("state", GROUPS, kept, tuple(GROUPS)),
            key=lambda chip: not chip["on"],  # what is on is seen without scrolling
        ),
        "kept": kept,
        "query": urlencode(kept),
        "today": timezone.localdate(now),
        "nav": "activity",
        "currencies": _currencies(request),
        "first_page": "cursor" not in query,
    }
    return render(request, "portal/activity.html", context, status=status)


def _currencies(request: ClientRequest) -> list[str]:
    """The currencies this client has accounts in."""
    codes = Account.objects.filter(owner=request.client.owner).exclude(owner="").values_list("currency_id", flat=True)
    return sorted(set(codes))


def _chips(name: str, words: dict, kept: dict[str, str], shown: tuple[str, ...]) -> list[dict]:  # type: ignore[type-arg]
    """Links that switch one filter on, or off when it is on; a rarer one appears while it is chosen."""
    chosen = kept.get(name, "")
    values = [value for value in words if value in shown or value == chosen]
    rest = {key: value for key, value in kept.items() if key != name}
    return [
        {
            "words": words[value],
            "on": value == chosen,
            "query": urlencode(rest if value == chosen else {**rest, name: value}),
            "group": name,
        }
        for value in values
    ]


@require_safe
@client_page
def movement(request: ClientRequest, reference: str) -> HttpResponse:
    told = story.of(reference, now=timezone.now(), client=request.client)
    return render(request, "portal/movement.html", {"story": told, "line": told.line, "nav": "activity"})


@require_safe
@client_page
def trading_day(request: ClientRequest, reference: str, day: str) -> HttpResponse:
    account = own(TradingAccount, request.client, reference)
    try:
        chosen = date.fromisoformat(day)
        after = int(request.GET.get("after", "0"))
    except ValueError as error:
        raise Http404 from error
    if not (1970 <= chosen.year <= 8999 and 0 <= after < 2**63):
        raise Http404
    shown = trading.day(request.client, account=account, of=chosen, after=after)
    return render(request, "portal/trading_day.html", {"shown": shown, "account": account, "nav": "trading"})
