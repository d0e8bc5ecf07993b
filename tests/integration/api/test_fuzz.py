"""Requests generated from the OpenAPI document against a live server: whatever comes, never a 5xx, never HTML.

Valid and invalid ones in turn. Where an address needs an id, half of the requests name something that exists, so that
they reach the domain.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given
from hypothesis import settings as examined
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from tests.factories import books, people
from tests.integration.api.outside import Outside
from tests.integration.api.samples import SAMPLES, Sample
from tests.integration.api.world import PROBLEM, World

EXAMPLES = 4
Drawn = tuple[Case, bool]


def sample_of(operation: Any) -> Sample:
    route = operation.path.removeprefix("/api/v1/")
    kind = "path" if route.startswith("accounts/") else "str"
    route = route.replace("{reference}", f"<{kind}:reference>")
    return next(s for s in SAMPLES if s.method == operation.method.upper() and s.route == route)


def requests_of(operation: Any) -> st.SearchStrategy[Drawn]:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.tuples(st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)), st.booleans())


@dataclass
class Fuzz:
    """Sends what is drawn and keeps what came of it."""

    url: str
    statuses: Counter[int] = field(default_factory=Counter)
    told: list[Any] = field(default_factory=list)

    def send(self, drawn: Drawn, real: str, headers: dict[str, str]) -> None:
        case, existing = drawn
        if existing and real:
            case.path_parameters["reference"] = real
        response = case.call(base_url=self.url, headers=headers, timeout=20)
        self.statuses[response.status_code] += 1
        kind = response.headers.get("content-type", [""])[0]
        if response.status_code >= 500 or (response.status_code >= 400 and kind != PROBLEM):
            self.told.append((case.method, case.formatted_path, response.status_code, case.body, response.content))


@pytest.mark.slow
def test_no_request_brings_it_down(live_server: Any, outside: Outside, committed_world: World, settings: Any) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {}}
    fuzz = Fuzz(live_server.url)
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    operations = [result.ok() for result in schema.get_all_operations()]
    people.fund(committed_world.client, "5000.00", "EUR")
    prepared = [sample_of(operation).prepare(committed_world) for operation in operations]  # all before any harm
    for operation, (path, _) in zip(operations, prepared, strict=True):
        real = path.split("/")[2] if "{reference}" in operation.path else ""
        tried(operation, fuzz, real, committed_world.apis[sample_of(operation).role].headers)
    assert not fuzz.told
    assert fuzz.statuses.total() >= 200
    assert sum(count for status, count in fuzz.statuses.items() if status < 300) >= 20, fuzz.statuses
    books.assert_sound()


def tried(operation: Any, fuzz: Fuzz, real: str, headers: dict[str, str]) -> None:
    @examined(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(drawn=requests_of(operation))
    def run(drawn: Drawn) -> None:
        fuzz.send(drawn, real, headers)

    run()
