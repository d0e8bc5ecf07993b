"""The database's own guard of the states agrees with the table: every ordered pair of states is tried by raw SQL."""

import re
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from ledger import accounts
from payments.models import Adjustment, Deposit, Dispute, TradingAccount, Transfer, Withdrawal
from payments.models.base import Movement
from payments.states import GRAPHS, Graph
from tests.factories import people

pytestmark = pytest.mark.django_db

COMMON = {"amount": "10", "currency": "EUR", "made_by": "usr_x", "maker": "usr_x"}


def deposit(state: str) -> Movement:
    return Deposit(client=people.client(signs_in=False), rail="card", connector="stripe", state=state, **COMMON)


def withdrawal(state: str) -> Movement:
    client = people.client(signs_in=False)
    return Withdrawal(client=client, payment_method=people.payee(client), connector="sepa", state=state, **COMMON)


def transfer(state: str) -> Movement:
    client = people.client(signs_in=False)
    account = TradingAccount(client=client, platform="mt5", login=client.public_id[-12:], currency="EUR")
    account.save(force_insert=True)
    return Transfer(
        client=client, trading_account=account, direction="to_platform", token=client.public_id[-12:], state=state,
        **COMMON,
    )  # fmt: skip


def adjustment(state: str) -> Movement:
    accounts.forget()
    return Adjustment(
        debit_account_id=accounts.ref("house/adjustments", "EUR").id,
        credit_account_id=accounts.ref("house/fees", "EUR").id,
        reason="why", evidence="where", expires_at=timezone.now(), state=state, **COMMON,
    )  # fmt: skip


def dispute(state: str) -> Movement:
    paid = deposit("captured")
    paid.save(force_insert=True)
    return Dispute(deposit=paid, provider_reference="dp_1", state=state, **COMMON)


MAKE: dict[str, Callable[[str], Movement]] = {
    "deposit": deposit, "withdrawal": withdrawal, "transfer": transfer, "adjustment": adjustment, "dispute": dispute,
}  # fmt: skip


def told(statement: str, values: list[object]) -> str:
    """What the database says to this statement, "" when it does as told; either way nothing remains."""
    point = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        return str(error)
    else:
        return ""
    finally:
        transaction.savepoint_rollback(point)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.noun)
def test_the_database_walks_the_graphs_edges_and_no_others(graph: Graph) -> None:
    edges = {(source, edge.target) for edge in graph.edges for source in edge.sources}
    wrong = []
    # An applied adjustment also has its transaction: another guard, which is not asked about here.
    other_guard = re.compile("payments_adjustment_applied")
    for source in graph.states:
        row = MAKE[graph.noun](graph.initial if source == "applied" else source)
        row.save(force_insert=True)
        if source == "applied":
            continue
        update = f'UPDATE "{row._meta.db_table}" SET state = %s WHERE id = %s'
        for target in graph.states:
            answer = told(update, [target, row.pk])
            refused = "Invalid transition" in answer
            if answer and not refused and not other_guard.search(answer):
                wrong.append((source, target, answer))
            if refused == (source == target or (source, target) in edges):
                wrong.append((source, target, answer or "allowed"))
        if not told(update, ["lost in the post", row.pk]):
            wrong.append((source, "lost in the post", "allowed"))
    assert not wrong


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.noun)
def test_an_unknown_state_cannot_even_be_inserted(graph: Graph) -> None:
    row = MAKE[graph.noun]("nowhere")
    with pytest.raises(DatabaseError, match=f"payments_{graph.noun}_state"), transaction.atomic():
        row.save(force_insert=True)


def test_the_table_pages_say_what_the_code_says() -> None:
    """docs/reference and docs/flows/states.md are made from the code; a page that is stale fails here."""
    from django.core.management import call_command

    call_command("write_reference", check=True, verbosity=0)
