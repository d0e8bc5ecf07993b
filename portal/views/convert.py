"""Converting currencies: a form, then a quote that counts down, then one conversion however often it is confirmed.

The quote is the agreement: it is kept on our side, used once, and never stretched. Works without scripts; an expired
quote leads to a new one with the same wishes. Nothing here computes an amount.
"""

from functools import partial
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger.errors import DomainError, InsufficientAvailable
from ledger.money import Money
from payments.fx.refusals import QuoteExpired, QuoteUsed
from payments.models import FxQuote
from payments.services import conversions, fx_quotes, rate_book
from portal import explanations, formats
from portal.access import ClientRequest, client_page
from portal.actor import actor_of
from portal.forms.movements import ConvertForm
from portal.queries import balances
from portal.queries.figures import ClientBalances


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def convert(request: ClientRequest) -> HttpResponse:
    """The form; when it is right, a quote on a page of its own."""
    shown = balances.of_client(request.client, now=timezone.now())
    sellable = [
        (found.currency, _("%(code)s · %(amount)s available") % _named(found.available))
        for found in shown.currencies
        if found.available
    ]
    buyable = rate_book.currencies(now=timezone.now())
    build = partial(ConvertForm, sellable=sellable, buyable=buyable)
    if request.method != "POST":
        return _form_page(request, build(initial=_wished(request, sellable, buyable)))
    form = build(request.POST)
    if not form.is_valid():
        return _form_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        quote = _offer(request, form, shown)
    except DomainError as error:
        form.refuse(error)
        return _form_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("portal:convert-quote", quote.public_id)


def _named(money: Money) -> dict[str, str]:
    return {"code": money.currency, "amount": formats.number(money)}


def _wished(request: ClientRequest, sellable: list[tuple[str, str]], buyable: list[str]) -> dict[str, str]:
    """What the address asks for, else the first two currencies that differ."""
    codes = [code for code, words in sellable]
    sell = request.GET.get("from", "")
    sell = sell if sell in codes else next(iter(codes), "")
    wished = request.GET.get("to", "")
    usual = [code for code in ("EUR", "USD", *buyable) if code in buyable and code != sell]
    buy = wished if wished in buyable and wished != sell else next(iter(usual), "")
    return {"sell_currency": sell, "buy_currency": buy, "fixed": FxQuote.Fixed.SELL}


def _offer(request: ClientRequest, form: ConvertForm, shown: ClientBalances) -> FxQuote:
    """A quote; what the client does not have is refused before he reads a price."""
    if form.cleaned_data["fixed"] == FxQuote.Fixed.SELL:
        _require_available(form.money, shown)
    quote = fx_quotes.offer(
        client=request.client,
        fixed=form.money,
        side=form.cleaned_data["fixed"],
        other_currency=form.other_currency,
        actor=actor_of(request),
        now=timezone.now(),
    )
    _require_available(quote.sold, shown)
    return quote


def _require_available(wanted: Money, shown: ClientBalances) -> None:
    found = shown.of(wanted.currency)
    available = found.available if found else Money.zero(wanted.currency)
    if wanted > available:
        raise InsufficientAvailable(explanations.not_enough(available), param="amount")


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def quote(request: ClientRequest, reference: str) -> HttpResponse:
    """The quote with all its figures; confirmed, it converts. Confirmed twice, it has converted once."""
    found = fx_quotes.find(reference, client=request.client)
    if found.used:
        return redirect("portal:movement", found.conversion.public_id)
    if request.method != "POST":
        return _quote_page(request, found)
    try:
        made = conversions.convert(quote_id=found.pk, actor=actor_of(request), now=timezone.now())
    except QuoteUsed as error:
        return redirect("portal:movement", error.data["conversion"])
    except QuoteExpired:
        return _quote_page(request, found, status=HTTPStatus.CONFLICT)
    except DomainError as error:
        refused = explanations.of_refusal(error)
        return _quote_page(request, found, notice=refused, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("portal:movement", made.public_id)


def _quote_page(
    request: ClientRequest, found: FxQuote, *, notice: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    now = timezone.now()
    wallet = balances.of_client(request.client, now=now).of(found.sell_currency)
    context: dict[str, Any] = {
        "nav": "home",
        "quote": found,
        "expired": now >= found.expires_at,
        "seconds": max(0, int((found.expires_at - now).total_seconds())),
        "rate": formats.rate(found.rate, found.sell_currency, found.buy_currency),
        "mid_rate": formats.rate(found.mid_rate, found.sell_currency, found.buy_currency),
        "percent": formats.percent(found.spread_bps),
        "spread": Money.of(found.spread, found.buy_currency),
        "before": wallet.available if wallet else None,
        "after": wallet.available - found.sold if wallet else None,
        "published": min(step.rate.published_at for step in found.steps.select_related("rate")),
        "sources": sorted({step.rate.source for step in found.steps.select_related("rate")}),
        "given": found.sold if found.fixed == FxQuote.Fixed.SELL else found.bought,
        "notice": notice,
    }
    return render(request, "portal/convert_quote.html", context, status=status)


def _form_page(request: ClientRequest, form: ConvertForm, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {
        "nav": "home",
        "form": form,
        "has_money": bool(form.fields["sell_currency"].choices),  # type: ignore[attr-defined]
        "has_rates": bool(form.fields["buy_currency"].choices),  # type: ignore[attr-defined]
    }
    return render(request, "portal/convert.html", context, status=status)
