"""Every route for every role: what the table of roles allows succeeds, everything else is refused and does nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.urls import get_resolver

from payments.roles import permissions_of
from tests.integration.api.making import upload
from tests.integration.api.samples import SAMPLES, Sample
from tests.integration.api.world import STAFF, Api, World, counts, problem


def routes() -> Iterator[tuple[str, Any]]:
    """Every route under /api/v1/ with its view class."""
    for api in get_resolver().url_patterns:
        if str(api.pattern) == "api/v1/":
            for app in api.url_patterns:
                for route in app.url_patterns:
                    yield str(route.pattern), route.callback.view_class


VIEWS = dict(routes())


def send(api: Api, sample: Sample, path: str, body: Any) -> HttpResponse:
    if sample.method == "GET":
        return api.get(path, **body)
    if sample.route == "statements":
        return api.upload(path, upload(body))
    return api.post(path, body)


def test_every_route_and_method_has_a_sample() -> None:
    methods = {
        (method.upper(), route) for route, view in VIEWS.items() for method in ("get", "post") if hasattr(view, method)
    }
    assert {(sample.method, sample.route) for sample in SAMPLES} == methods


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_each_role_may_what_the_table_says(firm: World, sample: Sample) -> None:
    needed = VIEWS[sample.route].permission[sample.method]
    path, body = sample.prepare(firm)
    before = counts()
    assert needed in permissions_of([sample.role])
    for role in STAFF:
        if needed not in permissions_of([role]):
            problem(send(firm.apis[role], sample, path, body), 403, "insufficient_scope")
    problem(send(Api(), sample, path, body), 401, "authentication_failed")
    assert counts() == before
    for role in STAFF:
        if needed in permissions_of([role]):
            with transaction.atomic():
                response = send(firm.apis[role], sample, path, body)
                assert 200 <= response.status_code < 300, (role, response.content)
                transaction.set_rollback(True)
