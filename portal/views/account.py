"""Payees, trading accounts and settings."""

from functools import partial
from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import InvalidTransition
from payments.models import PaymentMethod, User
from payments.services import payment_methods, trading_accounts
from portal import preferences
from portal.access import ClientRequest, client_page, own, refused
from portal.actor import actor_of
from portal.forms.account import PayeeForm, SettingsForm, TradingAccountForm
from portal.forms.once import Outcome
from portal.queries import balances
from portal.theme import COOKIE, COOKIE_AGE
from portal.views.steps import Context, Steps

# What the demo platform keeps groups for; a firm's own list comes with its platform's groups.
TRADING_CURRENCIES = ["EUR", "USD", "GBP", "CHF"]


@require_safe
@client_page
def payees(request: ClientRequest) -> HttpResponse:
    rows = PaymentMethod.objects.filter(client=request.client, state=PaymentMethod.State.ACTIVE).order_by("-pk")
    return render(request, "portal/payees.html", {"payees": rows, "nav": "settings"})


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def add_payee(request: ClientRequest) -> HttpResponse:
    to_withdraw = request.GET.get("next") == "withdraw"

    def check(request: ClientRequest, form: PayeeForm) -> Context:
        """The account as the bank knows it; refuses here what adding would refuse."""
        iban = payment_methods.checked_iban(form.cleaned_data["iban"])
        same = payment_methods.same_name(form.cleaned_data["holder_name"], request.client.name)
        return {"iban": iban.formatted, "bank": iban.bank_name or "", "same_name": same}

    def done(request: ClientRequest, outcome: Outcome) -> HttpResponse:
        messages.success(request, _("The bank account was added."))
        return redirect(f"{reverse('portal:withdraw')}?payee={outcome.reference}" if to_withdraw else "portal:payees")

    steps = Steps(
        purpose="payee",
        template="portal/payee_add.html",
        check_template="portal/payee_check.html",
        form=PayeeForm,
        check=check,
        act=_add_payee,
        done=done,
        context={"nav": "settings", "to_withdraw": to_withdraw},
    )
    return steps.answer(request, initial={"holder_name": request.client.name})


def _add_payee(request: ClientRequest, form: PayeeForm) -> str:
    added = payment_methods.add_sepa(
        client=request.client,
        holder_name=form.cleaned_data["holder_name"],
        iban=form.cleaned_data["iban"],
        bic=form.cleaned_data["bic"],
        actor=actor_of(request),
        now=timezone.now(),
    )
    return added.public_id


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def remove_payee(request: ClientRequest, reference: str) -> HttpResponse:
    found = own(PaymentMethod, request.client, reference)
    if request.method != "POST":
        return render(request, "portal/payee_remove.html", {"payee": found, "nav": "settings"})
    try:
        payment_methods.remove(payment_method_id=found.pk, actor=actor_of(request), now=timezone.now())
    except InvalidTransition as error:
        return refused(request, error, status=HTTPStatus.CONFLICT)
    messages.success(request, _("The bank account was removed."))
    return redirect("portal:payees")


@require_safe
@client_page
def trading(request: ClientRequest) -> HttpResponse:
    shown = balances.of_client(request.client, now=timezone.now())
    return render(request, "portal/trading.html", {"balances": shown, "nav": "trading"})


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def open_trading_account(request: ClientRequest) -> HttpResponse:
    def done(request: ClientRequest, outcome: Outcome) -> HttpResponse:
        messages.success(request, _("Your trading account is open. It is empty until you transfer money to it."))
        return redirect("portal:trading")

    steps = Steps(
        purpose="trading-account",
        template="portal/trading_open.html",
        check_template="portal/trading_open_check.html",
        form=partial(TradingAccountForm, currencies=TRADING_CURRENCIES),
        check=lambda request, form: {"currency": form.cleaned_data["currency"]},
        act=_open,
        done=done,
        context={"nav": "trading"},
        outside=True,
    )
    return steps.answer(request)


def _open(request: ClientRequest, form: TradingAccountForm) -> str:
    opened = trading_accounts.open_account(
        client=request.client, currency=form.cleaned_data["currency"], actor=actor_of(request), now=timezone.now()
    )
    return opened.public_id


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def preferences_page(request: ClientRequest) -> HttpResponse:
    user = cast(User, request.user)
    context = {"nav": "settings", "client": request.client}
    if request.method != "POST":
        form = SettingsForm(initial={"timezone": request.client.timezone, "theme": user.theme})
        return render(request, "portal/settings.html", {**context, "form": form})
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return render(request, "portal/settings.html", {**context, "form": form}, status=422)
    preferences.save(
        client=request.client,
        user=user,
        timezone=form.cleaned_data["timezone"],
        theme=form.cleaned_data["theme"],
        actor=actor_of(request),
        now=timezone.now(),
    )
    messages.success(request, _("Your settings were saved."))
    return redirect("portal:settings")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Colours for somebody who is not signed in: a cookie, nothing else."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = redirect(target)
    if request.POST.get("theme") in User.Theme.values:
        response.set_cookie(
            COOKIE, request.POST["theme"], max_age=COOKIE_AGE, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    return response


theme.anonymous_page = True  # type: ignore[attr-defined]  # the one address that needs no sign-in
