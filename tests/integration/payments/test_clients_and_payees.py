"""Clients and their payees: made once, checked by their own rules, and never edited behind anyone's back."""

import threading
from typing import Any

import pytest
from django.db import connection

from ledger import accounts
from ledger.errors import (
    AccountFrozen,
    DuplicateReference,
    Forbidden,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    PolicyRefused,
)
from ledger.ids import new_id
from ledger.models import Event
from ledger.money import Money
from payments.actors import Actor
from payments.models import Client, PaymentMethod, Withdrawal
from payments.services import clients, payment_methods, withdrawals
from tests.factories import books, people
from tests.factories.outside import calls_inside_transactions
from tests.factories.people import GERMAN_IBAN, NOW
from tests.factories.refusals import refused, unchanged

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh(transactional_db: None) -> None:
    accounts.forget()


# --- clients ----------------------------------------------------------------------------------------------------------


def create(actor: Actor, **changes: Any) -> Client:
    wanted = {"name": "Dana Demo", "email": "dana@example.test", "country": "DE", "actor": actor, "now": NOW}
    return clients.create(**(wanted | changes))


def test_a_client_begins_active_and_unchecked() -> None:
    ops = people.staff("payments_ops")
    client = create(ops, external_id="crm-7", timezone="Europe/Berlin", client_class="professional")
    assert (client.state, client.kyc_level, client.timezone) == ("active", "none", "Europe/Berlin")
    event = Event.objects.get(type="client.created")
    assert (event.client_ref, event.person) == (client.public_id, ops.person)
    assert "Dana" not in str(event.after) and "dana@" not in str(event.after), "no personal data in the event log"


def test_the_same_external_id_is_the_same_client_or_a_clear_no() -> None:
    ops = people.staff("payments_ops")
    client = create(ops, external_id="crm-7")
    assert unchanged(lambda: create(ops, external_id="crm-7")) == client
    for change in ({"name": "Another"}, {"email": "x@example.test"}, {"country": "FR"}):
        error = refused(DuplicateReference, lambda change=change: create(ops, external_id="crm-7", **change))
        assert error.param == "external_id"
    assert create(ops) != create(ops), "without an external id each is a new one"


def at_once(count: int, work: Any) -> list[Any]:
    start, results = threading.Barrier(count), []

    def one() -> None:
        start.wait()
        try:
            results.append(work())
        except Exception as error:  # a refusal is an answer
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_eight_at_once_make_one_client_and_one_payee() -> None:
    ops = people.staff("payments_ops")
    made = at_once(8, lambda: create(ops, external_id="crm-7"))
    assert {getattr(client, "pk", client) for client in made} == {Client.objects.get().pk}
    client = Client.objects.get()
    payees = at_once(8, lambda: add(client, ops))
    assert {getattr(payee, "pk", payee) for payee in payees} == {PaymentMethod.objects.get().pk}
    assert Event.objects.filter(type="payment_method.added").count() == 1


WRONG: list[tuple[str, Any]] = [
    ("name", ""), ("name", " "), ("name", "x" * 201), ("email", "no"), ("email", "a@b"), ("email", ""),
    ("country", "de"), ("country", "DEU"), ("country", "D1"), ("country", ""), ("country", "ДЕ"),
    ("timezone", "Berlin"), ("timezone", ""), ("timezone", "../etc/passwd"), ("external_id", "x" * 121),
]  # fmt: skip


def test_what_is_no_client_is_refused_by_field() -> None:
    ops = people.staff("payments_ops")
    for field, value in WRONG:
        error = refused(InvalidRequest, lambda field=field, value=value: create(ops, **{field: value}))
        assert error.param == field, (field, value)
    assert refused(InvalidRequest, lambda: create(ops, client_class="vip")).param == "class"
    for role in ("support", "finance_approver", "compliance", "auditor", "administrator"):
        other = people.staff(role)
        refused(Forbidden, lambda other=other: create(other))


def test_compliance_decides_what_a_client_may() -> None:
    client, compliance = people.client(kyc="none"), people.staff("compliance")
    decided = clients.decide_kyc(client_id=client.pk, level="approved", actor=compliance, now=NOW)
    assert decided.kyc_approved
    event = Event.objects.get(type="client.kyc_decided")
    assert (event.before, event.after) == ({"kyc_level": "none"}, {"kyc_level": "approved"})
    unchanged(lambda: clients.decide_kyc(client_id=client.pk, level="approved", actor=compliance, now=NOW))
    refused(InvalidRequest, lambda: clients.decide_kyc(client_id=client.pk, level="gold", actor=compliance, now=NOW))
    refused(NotFound, lambda: clients.decide_kyc(client_id=new_id(), level="approved", actor=compliance, now=NOW))
    ops = people.staff("payments_ops")
    refused(Forbidden, lambda: clients.decide_kyc(client_id=client.pk, level="none", actor=ops, now=NOW))
    refused(Forbidden, lambda: clients.set_state(client_id=client.pk, state="frozen", actor=ops, now=NOW))
    refused(InvalidRequest, lambda: clients.set_state(client_id=client.pk, state="x", actor=compliance, now=NOW))


def test_a_frozen_client_takes_nothing_out_whatever_the_caller_still_holds_in_memory() -> None:
    client = people.client()
    people.fund(client, "500.00")
    payee, himself = people.payee(client), people.acting(client)
    clients.set_state(client_id=client.pk, state="frozen", actor=people.staff("compliance"), now=NOW)
    assert client.state == "active", "what was read before the freeze"
    refused(AccountFrozen, lambda: ask(client, payee, himself))


# --- payees -----------------------------------------------------------------------------------------------------------


def add(client: Client, actor: Actor, **changes: Any) -> PaymentMethod:
    wanted = {"client": client, "holder_name": client.name, "iban": GERMAN_IBAN, "actor": actor, "now": NOW}
    return payment_methods.add_sepa(**(wanted | changes))


def ask(client: Client, payee: PaymentMethod, actor: Actor) -> Withdrawal:
    return withdrawals.request(
        client=client, money=Money.of("100.00", "EUR"), payment_method=payee, actor=actor, now=NOW
    )


@pytest.mark.parametrize(
    ("iban", "stored", "bic"),
    [
        ("DE89 3704 0044 0532 0130 00", GERMAN_IBAN, "COBADEFFXXX"),
        ("de89370400440532013000", GERMAN_IBAN, "COBADEFFXXX"),
        ("FR1420041010050500013M02606", "FR1420041010050500013M02606", None),
        ("AT611904300234573201", "AT611904300234573201", None),
        ("CH9300762011623852957", "CH9300762011623852957", None),
        ("GB29NWBK60161331926819", "GB29NWBK60161331926819", None),
    ],
)
def test_a_good_account_is_stored_in_one_spelling(iban: str, stored: str, bic: str | None) -> None:
    client = people.client()
    payee = add(client, people.acting(client), iban=iban)
    assert (payee.iban, payee.last4, payee.name_matches) == (stored, stored[-4:], True)
    if bic:
        assert payee.bic == bic


BAD_IBANS = (
    "", "DE", "DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130000", "XX89370400440532013000",
    "US64SVBKUS6S3300958879", "DE89-3704-0044-0532-0130-00", "ДЕ89370400440532013000", "DE٨٩370400440532013000",
    "DE893704004405320130\0", "' OR 1=1 --", "9" * 200, "BR1500000000000010932840814P2",
)  # fmt: skip


def test_a_bad_account_is_refused_by_field_and_nothing_is_kept() -> None:
    client = people.client()
    himself = people.acting(client)
    for iban in BAD_IBANS:
        error = refused(InvalidRequest, lambda iban=iban: add(client, himself, iban=iban))
        assert error.param == "iban", iban
    for bic in ("DEUT", "DEUTDEFFXXXX", "12345678", "BNPAFRPP", "DEUT DEFF\0", "ДEUTDEFF"):
        error = refused(InvalidRequest, lambda bic=bic: add(client, himself, bic=bic))
        assert error.param == "bic", bic
    for name in ("", " ", "x", "x" * 141):
        assert refused(InvalidRequest, lambda name=name: add(client, himself, holder_name=name)).param == "holder_name"
    assert refused(InvalidRequest, lambda: add(client, himself, currency="USD")).param == "currency"


def test_a_bic_is_stored_in_one_spelling() -> None:
    client = people.client()
    assert add(client, people.acting(client), bic=" deutdeff ").bic == "DEUTDEFF"


def test_the_same_account_is_the_same_payee_unless_it_is_said_to_be_somebody_elses() -> None:
    client = people.client(name="Dana Demo")
    himself = people.acting(client)
    payee = add(client, himself)
    assert unchanged(lambda: add(client, himself, holder_name="DEMO Dana")) == payee
    error = refused(DuplicateReference, lambda: add(client, himself, holder_name="Another Person"))
    assert error.param == "iban"
    payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW)
    again = add(client, himself, holder_name="Another Person")
    assert (again.pk != payee.pk, again.name_matches) == (True, False)
    assert PaymentMethod.objects.get(pk=payee.pk).holder_name == "Dana Demo", "the old one is as it was"
    assert PaymentMethod.history.filter(id=payee.pk).count() == 2


def test_another_clients_payees_do_not_exist() -> None:
    client, other = people.client(), people.client()
    payee = add(other, people.acting(other))
    himself = people.acting(client)
    refused(NotFound, lambda: add(other, himself, iban="AT611904300234573201"))
    refused(NotFound, lambda: payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW))
    refused(NotFound, lambda: payment_methods.remove(payment_method_id=new_id(), actor=himself, now=NOW))
    for role in ("support", "finance_approver", "compliance", "auditor", "administrator"):
        staff = people.staff(role)
        refused(Forbidden, lambda staff=staff: add(client, staff))


def test_a_login_without_a_client_reaches_nobodys_money() -> None:
    client = people.client()
    people.fund(client, "500.00")
    payee = people.payee(client)
    stranger = Actor.for_user(people.user("client"))
    refused(Forbidden, lambda: ask(client, payee, stranger))
    refused(Forbidden, lambda: add(client, stranger, iban="AT611904300234573201"))


def test_a_payee_with_an_open_withdrawal_stays_and_a_removed_one_takes_nothing() -> None:
    client = people.client()
    people.fund(client, "500.00")
    himself = people.acting(client)
    payee = add(client, himself)
    withdrawal = ask(client, payee, himself)
    refused(InvalidTransition, lambda: payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW))
    withdrawals.cancel(withdrawal_id=withdrawal.pk, actor=himself, now=NOW)
    payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW)
    unchanged(lambda: payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW))
    assert payee.state == "active", "what was read before the removal"
    refused(PolicyRefused, lambda: ask(client, payee, himself))
    assert (books.available(client), books.held(client)) == (500, 0)


@pytest.mark.parametrize("turn", range(3))
def test_removing_a_payee_and_withdrawing_to_it_race_and_one_wins(turn: int) -> None:
    client = people.client()
    people.fund(client, "500.00")
    himself = people.acting(client)
    payee = add(client, himself)
    start = threading.Barrier(2)
    outcomes: dict[str, Any] = {}

    def run(name: str, act: Any) -> None:
        start.wait()
        try:
            outcomes[name] = act()
        except (InvalidTransition, PolicyRefused) as error:
            outcomes[name] = error
        finally:
            connection.close()

    acts = {
        "ask": lambda: ask(client, payee, himself),
        "remove": lambda: payment_methods.remove(payment_method_id=payee.pk, actor=himself, now=NOW),
    }
    threads = [threading.Thread(target=run, args=item) for item in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    removed = PaymentMethod.objects.get(pk=payee.pk).state == "removed"
    assert Withdrawal.objects.count() == (0 if removed else 1), outcomes
    assert books.held(client) == (0 if removed else 100)
