"""Clients on staff pages: who they are, what they have, and what compliance decides about them."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import acts, display, finding, references
from ledger.admin.acts import Act, Call
from ledger.admin.filters import choices, since
from ledger.admin.panels import Panel, facts
from ledger.admin.versions import VersionedAdmin
from ledger.money import CURRENCIES, Money
from payments.admin import client_panels
from payments.admin.pocket_moves import move_once
from payments.models import Client, TradingAccount
from payments.services import clients
from payments.web import actor_of

KYC = dict(Client.KycLevel.choices)


class Create(forms.Form):
    name = acts.line("Name", help_text="As in the identity document.")
    email = forms.EmailField(label="E-mail", max_length=254)
    country = acts.line("Country", help_text="ISO code of two letters, for example DE.", longest=2)
    external_id = acts.line("External id", help_text="The id in your CRM, if any.", required=False, longest=120)
    timezone = acts.line("Time zone", help_text="For example Europe/Berlin.", longest=64)


class PocketMove(forms.Form):
    source = acts.line("From", help_text="A pocket's name; empty for the wallet.", required=False, longest=40)
    target = acts.line("To", help_text="A pocket's name; empty for the wallet.", required=False, longest=40)
    amount = acts.line("Amount", inputmode="decimal", help_text="For example 1234.50.")
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class Kyc(forms.Form):
    level = forms.ChoiceField(label="Level", choices=Client.KycLevel.choices, widget=forms.RadioSelect)


def _create(call: Call) -> tuple[str, str]:
    client = clients.create(
        name=call.data["name"].strip(),
        email=call.data["email"],
        country=call.data["country"].upper(),
        external_id=call.data["external_id"] or None,
        timezone=call.data["timezone"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{client.name} is a client now.", references.url(client.public_id)


def _move(call: Call) -> tuple[str, str]:
    money = Money.of(call.data["amount"].strip().replace(",", ""), call.data["currency"])
    reference = move_once(
        once=call.data["once"],
        client=call.shown,
        source=call.data["source"].strip(),
        target=call.data["target"].strip(),
        money=money,
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"{display.plain(money)} moved.", references.url(reference)


def _decide_kyc(call: Call) -> str:
    clients.decide_kyc(client_id=call.shown.pk, level=call.data["level"], actor=actor_of(call.request), now=call.now)
    return f"KYC of {call.shown.name}: {KYC[call.data['level']]}."


def _set_state(state: str, words: str) -> Any:
    def perform(call: Call) -> str:
        clients.set_state(client_id=call.shown.pk, state=state, actor=actor_of(call.request), now=call.now)
        return f"{call.shown.name} is {words}."

    return perform


@admin.register(Client)
class ClientAdmin(VersionedAdmin):
    prefix = "cl"
    list_display = ("client", "email", "country", "kyc_shown", "class_shown", "state_shown", "since_shown")
    list_filter = (
        choices("kyc_level", "KYC", Client.KycLevel.values, KYC),
        choices("state", "State", Client.State.values),
        choices("client_class", "Class", Client.Class.values),
        since("created_at", "Client since"),
    )
    finders = (
        finding.public_id("cl"),
        finding.exactly("external_id", "external id"),
        finding.email("email"),
        finding.name("name"),
        finding.through("login", lambda text: TradingAccount.objects.filter(login=text).values("client_id")),
    )
    search_help_text = "Name, e-mail, client id, external id, login"
    version_fields = ("name", "email", "country", "kyc_level", "client_class", "state", "timezone", "external_id")
    makes = (
        Act(
            name="create", label="Add a client", permission="payments.add_client", form=Create, perform=_create,
            sentence=lambda shown, data: f"Add {data['name']} as a client",
            initial=lambda request, shown: {"timezone": "UTC"},
        ),
    )  # fmt: skip
    acts = (
        Act(
            name="kyc", label="Decide KYC", permission="payments.decide_kyc", form=Kyc, perform=_decide_kyc,
            sentence=lambda shown, data: f"Set KYC of {shown.name} to “{KYC[data['level']]}”",
            initial=lambda request, shown: {"level": shown.kyc_level},
            note="The first withdrawal needs approved KYC.",
        ),
        Act(
            name="pocket", label="Move to or from a pocket", permission="payments.request_transfer", form=PocketMove,
            perform=_move,
            sentence=lambda shown, data: f"Move {data['amount']} {data['currency']} of {shown.name} from "
            f"{data['source'] or 'the wallet'} to {data['target'] or 'the wallet'}",
            note="A pocket is a part of the client's own money under a name. It moves at once.",
        ),
        Act(
            name="freeze", label="Freeze", permission="ledger.freeze_account", danger=True,
            perform=_set_state("frozen", "frozen: nothing that takes money out can be started"),
            sentence=lambda shown, data: f"Freeze {shown.name}",
            offered=lambda shown: shown.state == Client.State.ACTIVE,
            note="The client cannot start anything that takes money out. What is under way goes on.",
        ),
        Act(
            name="unfreeze", label="Unfreeze", permission="ledger.freeze_account",
            perform=_set_state("active", "active again"),
            sentence=lambda shown, data: f"Unfreeze {shown.name}",
            offered=lambda shown: shown.state == Client.State.FROZEN,
        ),
    )  # fmt: skip

    @admin.display(description="Client")
    def client(self, shown: Client) -> Any:
        return display.stacked(shown.name, display.short(shown.public_id))

    @admin.display(description="KYC")
    def kyc_shown(self, shown: Client) -> Any:
        return display.state(shown.kyc_level, shown.get_kyc_level_display())

    @admin.display(description="Class")
    def class_shown(self, shown: Client) -> str:
        return shown.get_client_class_display()

    @admin.display(description="State")
    def state_shown(self, shown: Client) -> Any:
        return display.state(shown.state)

    @admin.display(description="Client since")
    def since_shown(self, shown: Client) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: Client) -> str:
        return shown.name

    def tags(self, shown: Client) -> list[Any]:
        kyc = f"KYC {shown.get_kyc_level_display().lower()}"
        return [self.state_shown(shown), display.state(shown.kyc_level, kyc)]

    def lead(self, request: HttpRequest, shown: Client) -> Any:
        return shown.name

    def summary(self, request: HttpRequest, shown: Client) -> Any:
        return shown.email

    def panels(self, request: HttpRequest, shown: Client) -> list[Panel]:
        found: list[Panel] = []
        if request.user.has_perm("ledger.view_balance"):
            found.append(client_panels.balances_of(request, shown))
        found += [
            client_panels.trading_of(request, shown),
            client_panels.payees_of(request, shown),
            client_panels.movements_of(request, shown),
        ]
        return found

    def asides(self, request: HttpRequest, shown: Client) -> list[Panel]:
        return [
            facts(
                "Client",
                ("E-mail", shown.email),
                ("Country", shown.country),
                ("Time zone", shown.timezone),
                ("External id", display.code(shown.external_id) if shown.external_id else ""),
                ("Signs in", "yes" if shown.user_id else "no portal access"),
                ("Contact changed", display.when(shown.contact_changed_at) if shown.contact_changed_at else ""),
                ("Client since", display.when(shown.created_at)),
                ("Public id", display.code(shown.public_id)),
            ),
            self.versions(request, shown),
        ]
