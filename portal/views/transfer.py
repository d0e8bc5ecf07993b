"""Moving money between the wallet and a trading account."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ledger.errors import InsufficientAvailable
from ledger.money import Money
from payments.models import TradingAccount, Transfer
from payments.services import transfers
from portal import explanations
from portal.access import ClientRequest, client_page
from portal.actor import actor_of
from portal.forms.movements import TransferForm
from portal.queries import balances
from portal.views.steps import Context, Steps


@require_http_methods(["GET", "HEAD", "POST"])
@client_page
def transfer(request: ClientRequest) -> HttpResponse:
    shown = balances.of_client(request.client, now=timezone.now())
    accounts = list(
        TradingAccount.objects.filter(client=request.client, state=TradingAccount.State.ACTIVE).order_by("pk")
    )
    figures = {account.reference: account for account in shown.trading}
    options: dict[str, dict[str, Any]] = {
        account.public_id: {
            "account": account,
            "figures": figures.get(account.public_id),
            "wallet": shown.of(account.currency),
        }
        for account in accounts
    }

    def check(request: ClientRequest, form: TransferForm) -> Context:
        """From, to, and the figure before and after on the side that gives. The wallet's is ours to refuse by; about a
        trading account the platform has the last word."""
        chosen = options[form.cleaned_data["trading_account"].public_id]
        out = form.cleaned_data["direction"] == Transfer.Direction.TO_PLATFORM
        giving = chosen["wallet"] if out else chosen["figures"]
        before = giving.available if giving else None
        if out and (before is None or form.money > before):
            available = before or Money.zero(form.money.currency)
            raise InsufficientAvailable(explanations.not_enough(available), param="amount")
        return {
            "out": out,
            "account": chosen["account"],
            "money": form.money,
            "before": before,
            "after": None if before is None else before - form.money,
        }

    steps = Steps(
        purpose="transfer",
        template="portal/transfer.html",
        check_template="portal/transfer_check.html",
        form=partial(TransferForm, trading_accounts=accounts),
        check=check,
        act=_request,
        done=lambda request, outcome: redirect("portal:movement", outcome.reference),
        context={"options": options, "nav": "trading"},
    )
    initial = {name: value for name, value in request.GET.dict().items() if name in ("direction", "trading_account")}
    return steps.answer(request, initial=initial)


def _request(request: ClientRequest, form: TransferForm) -> str:
    made = transfers.request(
        client=request.client,
        trading_account=form.cleaned_data["trading_account"],
        direction=form.cleaned_data["direction"],
        money=form.money,
        actor=actor_of(request),
        now=timezone.now(),
    )
    return made.public_id
