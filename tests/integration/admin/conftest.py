from collections.abc import Iterator

import pytest

from ledger import accounts


@pytest.fixture(autouse=True)
def _fresh(db: None) -> Iterator[None]:
    """What a test has made is rolled back at its end, so no account may be remembered from the last one."""
    accounts.forget()
    yield
    accounts.forget()
