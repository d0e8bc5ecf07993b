"""One request for every route and method of the API that a caller with the right role sees succeed.

The sweeps (roles, owners, absurd input) walk this table; a test fails when a route is missing from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.api.world import World


@dataclass(frozen=True)
class Sample:
    """`prepare` makes what the request needs and returns its path and its body, or for GET its parameters."""

    method: str
    route: str
    role: str
    prepare: Callable[[World], tuple[str, Any]]

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


SAMPLES: list[Sample] = []


def sample(method: str, route: str, role: str) -> Callable[[Callable[[World], Any]], Callable[[World], Any]]:
    """Register a request that this role may make."""

    def register(prepare: Callable[[World], Any]) -> Callable[[World], Any]:
        SAMPLES.append(Sample(method, route, role, prepare))
        return prepare

    return register


# The rows register themselves.
from tests.integration.api import sample_files, sample_fx, sample_ledger, sample_movements, sample_openings  # noqa: E402, F401
