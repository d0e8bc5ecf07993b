"""How hard the property tests try. The default fits into every test run; LEDGER_PROPERTY=soak tries for long."""

import os

from hypothesis import HealthCheck, settings

_COMMON = {
    "deadline": None,  # the database decides how fast a step is
    "derandomize": False,  # every run tries something new, also where CI is set
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("quick", max_examples=25, stateful_step_count=40, **_COMMON)
settings.register_profile("soak", max_examples=2000, stateful_step_count=50, **_COMMON)
settings.load_profile(os.environ.get("LEDGER_PROPERTY", "quick"))
