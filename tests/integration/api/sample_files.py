"""Samples of what leaves for other programs, and what they must know: exports, mapping, archives, the legal entity."""

from datetime import date, timedelta
from itertools import count
from typing import Any

from tests.integration.api import making
from tests.integration.api.samples import sample
from tests.integration.api.world import World

_days = count()


def mapping_body() -> dict[str, str]:
    """A line from a day of its own: there is one per pattern and day."""
    return {
        "pattern": "psp/stripe/*", "gl_code": "1310", "gl_name": "Receivables from Stripe",
        "valid_from": str(date(2099, 1, 1) + timedelta(days=next(_days))), "reason": "The new chart",
    }  # fmt: skip


@sample("GET", "gl-mappings", "auditor")
def _(world: World) -> Any:
    world.finance.made("/gl-mappings", mapping_body())
    return "/gl-mappings", {"pattern": "psp/stripe/*"}


@sample("POST", "gl-mappings", "finance_approver")
def _(world: World) -> Any:
    return "/gl-mappings", mapping_body() | {"currency": "EUR"}


@sample("GET", "gl-mappings/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/gl-mappings/{world.finance.made('/gl-mappings', mapping_body())['id']}", {}


@sample("GET", "gl-exports", "auditor")
def _(world: World) -> Any:
    world.auditor.read("/reports/gl", date="2026-01-31")
    return "/gl-exports", {"form": "summary"}


@sample("GET", "seal-checkpoints", "auditor")
def _(world: World) -> Any:
    return "/seal-checkpoints", {}


@sample("GET", "legal-entity", "auditor")
def _(world: World) -> Any:
    return "/legal-entity", {}


@sample("GET", "periods/<str:reference>/archive", "auditor")
def _(world: World) -> Any:
    return f"/periods/{making.closed_day()}/archive", {}


@sample("GET", "reports/journal", "auditor")
def _(world: World) -> Any:
    return "/reports/journal", {"format": "hledger", "from": "2026-01-01", "to": "2026-12-31"}


@sample("GET", "reports/sealed-history", "auditor")
def _(world: World) -> Any:
    return "/reports/sealed-history", {}


@sample("GET", "periods/<str:reference>/outlook", "auditor")
def _(world: World) -> Any:
    return f"/periods/{making.open_day()}/outlook", {}
