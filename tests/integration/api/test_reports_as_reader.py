"""Reports, by REST and on staff pages, read their figures as the reader role where one is set up, and say the same.

Who ran a statement is asked of the server itself, on the connection that ran it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from tests.factories import rates
from tests.integration.admin import office
from tests.integration.api import making
from tests.integration.api.sample_fx import quote_body
from tests.integration.api.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

READER = "wherewithal_reader"
YESTERDAY = timezone.now() - timedelta(days=1)
DAY = f"{YESTERDAY:%Y-%m-%d}"
# What a report's figures come from, whatever else the request has to look up.
FIGURES = re.compile(r"ledger_(?:entry|balance|seal|as_of|statement|trial_balance|period_account)\b|\bpayments_rate\b")
ROUTES: dict[str, tuple[str, dict[str, str]]] = {
    "trial balance": ("/reports/trial-balance", {}),
    "trial balance, then": ("/reports/trial-balance", {"at": f"{DAY}T12:00:00Z", "format": "csv"}),
    "roll-up": ("/reports/roll-up", {"by": "prefix"}),
    "roll-up as a file": ("/reports/roll-up", {"format": "csv"}),
    "revaluation": ("/reports/fx-revaluation", {"currency": "PLN"}),
    "revaluation as a file": ("/reports/fx-revaluation", {"format": "csv"}),
    "statement": ("/accounts/{wallet}/statement", {"currency": "EUR", "period": DAY}),
    "statement as a file": ("/accounts/{wallet}/statement", {"currency": "EUR", "period": DAY, "format": "csv"}),
    "period": (f"/periods/{DAY}/trial-balance", {}),
    "period as a file": (f"/periods/{DAY}/trial-balance", {"format": "csv"}),
    "journal": ("/reports/journal", {"format": "hledger"}),
    "sealed history": ("/reports/sealed-history", {}),
}
PAGES = {
    "trial-balance": {"by": "account"},
    "roll-ups": {"by": "prefix"},
    "fx-position": {"currency": "PLN"},
}


@pytest.fixture
def book(committed_world: World) -> World:
    """Yesterday is closed; money was changed today."""
    world = committed_world
    rates.publish({"USD": "1.0852", "PLN": "4.3120"}, at=timezone.now() - timedelta(hours=1))
    making.posted(world, effective_at=YESTERDAY.isoformat())
    made = world.finance.made("/periods", {"label": DAY})
    world.finance.made(f"/periods/{made['id']}/close")
    world.ops.made("/conversions", {"quote": world.ops.made("/fx-quotes", quote_body(world))["id"]})
    return world


@contextmanager
def watched() -> Iterator[dict[str, list[str]]]:
    """The statements about figures, by the role that the server says ran them."""
    found: dict[str, list[str]] = defaultdict(list)

    def seen(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        if FIGURES.search(str(sql)):
            asked = context["connection"].connection.execute("SELECT current_user")
            found[asked.fetchone()[0]].append(str(sql))
        return answer

    with ExitStack() as stack:
        for opened in connections.all():
            stack.enter_context(opened.execute_wrapper(seen))
        yield found


def figures_of(answer: Any) -> Any:
    """An answer without the moments at which it was asked."""
    if not answer["Content-Type"].startswith("application/json"):
        return re.sub(rb"\d{4}-\d\d-\d\dT[\d:.+Z]+", b"", b"".join(answer))
    return {name: value for name, value in answer.json().items() if name not in ("at", "rates_at")}


@pytest.mark.parametrize("name", ROUTES)
def test_a_report_by_rest_reads_as_the_reader(name: str, book: World, request: pytest.FixtureRequest) -> None:
    path, query = ROUTES[name]
    path = path.format(wallet=book.wallet())
    with watched() as before:
        without = book.auditor.get(path, **query)
    request.getfixturevalue("report_reader")
    with watched() as after:
        answer = book.auditor.get(path, **query)
    assert (without.status_code, answer.status_code) == (200, 200), answer.content
    assert figures_of(answer) == figures_of(without)
    assert READER not in before
    assert set(after) == {READER}, after


@pytest.mark.parametrize("name", PAGES)
def test_a_report_on_a_staff_page_reads_as_the_reader(name: str, book: World, report_reader: None) -> None:
    person = office.signed_in("auditor")
    with watched() as found:
        answer = person.get(reverse(f"admin:{name}"), PAGES[name])
    assert answer.status_code == 200
    assert "EUR" in answer.content.decode()
    assert set(found) == {READER}, found


@pytest.mark.parametrize("form", ["summary", "detailed"])
def test_a_day_for_the_general_ledger_is_read_as_the_reader_and_recorded_as_the_app(
    form: str, book: World, report_reader: None
) -> None:
    with watched() as found:
        made = book.auditor.read("/reports/gl", date=f"{YESTERDAY - timedelta(days=1):%Y-%m-%d}", form=form)
    assert made["again"] is False
    assert set(found) == {READER}, found
    assert book.auditor.read("/gl-exports")["data"][0]["sha256"] == made["sha256"]


def test_a_period_that_is_still_open_has_no_statement_for_the_reader_either(book: World, report_reader: None) -> None:
    made = book.finance.made("/periods", {"label": f"{timezone.now():%Y-%m-%d}"})
    for path in (f"/accounts/{book.wallet()}/statement?currency=EUR&period={made['id']}",
                 f"/periods/{made['id']}/trial-balance"):  # fmt: skip
        assert book.auditor.get(path).json()["code"] == "invalid_transition"
