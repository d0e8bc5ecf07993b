"""A client's browser sees what is the client's own; what belongs to another client does not exist for it."""

from typing import Any

import pytest

from tests.factories import people
from tests.integration.api import making
from tests.integration.api.samples import SAMPLES, Sample
from tests.integration.api.test_roles import VIEWS
from tests.integration.api.world import World, problem

READING = [sample for sample in SAMPLES if sample.method == "GET"]
OWNED = [sample for sample in READING if VIEWS[sample.route].owners]
NOT_OWNED = [sample for sample in READING if not VIEWS[sample.route].owners]


def mentions(answer: Any, *texts: str) -> bool:
    return any(text in str(answer) for text in texts)


@pytest.mark.parametrize("sample", OWNED, ids=str)
def test_the_owner_sees_it_and_the_other_client_does_not(firm: World, sample: Sample) -> None:
    path, query = sample.prepare(firm)
    own = firm.browser().read(path, **query)
    response = firm.browser(firm.other).get(path, **query)
    if "reference" in sample.route:
        assert own.get("data", True)
        problem(response, 404, "not_found")
    else:
        mine, theirs = ({row["id"] for row in answer["data"]} for answer in (own, response.json()))
        assert mine
        assert not mine & theirs


@pytest.mark.parametrize("sample", NOT_OWNED, ids=str)
def test_what_clients_have_no_business_with_is_refused(firm: World, sample: Sample) -> None:
    path, query = sample.prepare(firm)
    problem(firm.browser().get(path, **query), 403, "insufficient_scope")


def test_somebody_with_the_role_but_no_money_sees_nothing(world: World) -> None:
    nobody = people.user("client")
    api = world.browser()
    api.http.force_login(nobody, backend="allauth.account.auth_backends.AuthenticationBackend")
    problem(api.get("/withdrawals"), 403, "insufficient_scope")
    problem(api.get("/clients"), 403, "insufficient_scope")


def test_a_client_sees_no_word_of_the_inner_works(world: World) -> None:
    made = world.withdrawal()
    own = world.browser().read(f"/withdrawals/{made['id']}")
    assert not {"content_hash", "policy", "approvals_needed", "made_by"} & set(own)
    methods = world.browser().read(f"/clients/{world.client.public_id}/payment-methods")["data"]
    assert [(set(m) & {"iban", "bic"}, m["masked"]) for m in methods] == [(set(), "DE•• •••• 3000")]


def test_support_sees_bank_details_masked_and_finance_sees_them(world: World) -> None:
    path = f"/clients/{world.client.public_id}/payment-methods"
    assert not mentions(world.apis["support"].read(path), people.GERMAN_IBAN)
    assert mentions(world.finance.read(path), people.GERMAN_IBAN)


def test_support_does_not_read_the_facts_of_a_case(world: World) -> None:
    path = f"/exceptions/{making.case(world)}"
    assert "facts" not in world.apis["support"].read(path)
    assert world.auditor.read(path)["facts"] == {"iban": "DE89370400440532013000"}
