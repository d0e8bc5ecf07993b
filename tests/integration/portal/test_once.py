"""Many copies of one form at the same moment: one act, and every copy is led to it."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from payments.models import Transfer, Withdrawal
from tests.integration.portal.pages import hidden, looked
from tests.integration.portal.world import World

pytestmark = pytest.mark.django_db(transaction=True)
COPIES = 8


def at_once(work: Any) -> list[Any]:
    results: list[Any] = [None] * COPIES
    barrier = threading.Barrier(COPIES)

    def one(place: int) -> None:
        barrier.wait()
        try:
            results[place] = work(place)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(COPIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def browsers(world: World) -> list[Browser]:
    """One person, one session, many connections."""
    first = Browser()
    first.force_login(world.user)
    copies = [first]
    for _ in range(COPIES - 1):
        copy = Browser()
        copy.cookies = first.cookies
        copies.append(copy)
    return copies


def test_eight_copies_of_a_withdrawal_of_everything_make_one() -> None:
    world = World()
    world.deposit("100.00")
    payee = world.payee()
    people = browsers(world)
    check = looked(people[0], "/withdraw/", {"payment_method": payee.public_id, "amount": "100"})
    form = {**hidden(check), "step": "confirm"}
    answers = at_once(lambda place: people[place].post("/withdraw/", form))
    made = Withdrawal.objects.get()
    led_to_it = [a for a in answers if a.status_code == 302 and a["Location"] == f"/movements/{made.public_id}/"]
    still_at_it = [a for a in answers if a.status_code == 409]
    assert len(led_to_it) + len(still_at_it) == COPIES
    assert led_to_it


def test_eight_transfers_of_everything_from_eight_tabs_move_it_once() -> None:
    world = World()
    world.deposit("100.00")
    account = world.trading_account(currency="EUR")
    people = browsers(world)
    data = {"direction": "to_platform", "trading_account": account.public_id, "amount": "100"}
    forms = [{**hidden(looked(browser, "/transfer/", data)), "step": "confirm"} for browser in people]
    answers = at_once(lambda place: people[place].post("/transfer/", forms[place]))
    assert Transfer.objects.count() == 1
    assert sorted(a.status_code for a in answers) == [302] + [422] * (COPIES - 1)
    for answer in answers:
        assert "client/" not in answer.content.decode(), "an account code of the ledger is not for clients"
