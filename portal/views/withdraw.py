"""Taking money out: an honest quote before the click, one withdrawal however often the button is pressed, and calling
it off while that is still possible."""

from functools import partial
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ledger.errors import InvalidTransition
from payments.models import PaymentMethod, Withdrawal
from payments.services import withdrawals
from portal.access import ClientRequest, client_page, own, refused
from portal.actor import actor_of
from portal.forms.movements import WithdrawalForm
from portal.queries import balances, story
from portal.views.steps import Context, Steps


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def withdraw(request: ClientRequest) -> HttpResponse:
    payees = list(
        PaymentMethod.objects.filter(
            client=request.client, state=PaymentMethod.State.ACTIVE, rail=PaymentMethod.Rail.SEPA
        ).order_by("-pk")
    )
    shown = balances.of_client(request.client, now=timezone.now())
    steps = Steps(
        purpose="withdraw",
        template="portal/withdraw.html",
        check_template="portal/withdraw_check.html",
        form=partial(WithdrawalForm, payees=payees),
        check=_quote,
        agreed=lambda context: f"{context['quote'].fee}",
        act=_request,
        done=lambda request, outcome: redirect("portal:movement", outcome.reference),
        context={
            "nav": "home",
            "payees": payees,
            "unchecked": not request.client.kyc_approved,
            "withdrawable": [(code, shown.of(code)) for code in sorted({payee.currency for payee in payees})],
            "elsewhere": [
                found for found in shown.currencies if found.available and not _payable(found.currency, payees)
            ],
        },
    )
    return steps.answer(
        request, initial={"payment_method": request.GET.get("payee", "")} if "payee" in request.GET else None
    )


def _payable(currency: str, payees: list[PaymentMethod]) -> bool:
    return any(payee.currency == currency for payee in payees)


def _quote(request: ClientRequest, form: WithdrawalForm) -> Context:
    """What it costs, when it arrives and whether it will be reviewed; refuses here what would be refused later."""
    payee = form.cleaned_data["payment_method"]
    now = timezone.now()
    quote = withdrawals.quote(client=request.client, money=form.money, payment_method=payee, now=now)
    withdrawals.require_not_refused(quote.decision)
    return {"quote": quote, "payee": payee, "left": quote.available_to_withdraw - quote.money}


def _request(request: ClientRequest, form: WithdrawalForm) -> str:
    made = withdrawals.request(
        client=request.client,
        money=form.money,
        payment_method=form.cleaned_data["payment_method"],
        actor=actor_of(request),
        now=timezone.now(),
    )
    return made.public_id


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def cancel(request: ClientRequest, reference: str) -> HttpResponse:
    """A page that asks, then the act. Cancelled twice is cancelled once."""
    found = own(Withdrawal, request.client, reference)
    if request.method != "POST":
        told = story.of(reference, now=timezone.now(), client=request.client)
        if not told.line.can_cancel:
            return redirect("portal:movement", reference)
        return render(request, "portal/withdraw_cancel.html", {"line": told.line, "nav": "activity"})
    try:
        withdrawals.cancel(withdrawal_id=found.pk, actor=actor_of(request), now=timezone.now())
    except InvalidTransition as error:
        return refused(request, error, status=HTTPStatus.CONFLICT)
    return redirect("portal:movement", reference)


@require_POST
@client_page
def resubmit(request: ClientRequest, reference: str) -> HttpResponse:
    """What we asked for is there: the request goes on. Pressed twice, it has gone on already."""
    found = own(Withdrawal, request.client, reference)
    if found.state == "needs_information":
        try:
            withdrawals.resubmit(withdrawal_id=found.pk, actor=actor_of(request), now=timezone.now())
        except InvalidTransition as error:
            return refused(request, error, status=HTTPStatus.CONFLICT)
    return redirect("portal:movement", reference)
