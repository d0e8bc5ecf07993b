"""Accounts that a rolled-back test has opened must not be remembered by the next one."""

from collections.abc import Iterator

import pytest

from ledger import accounts


@pytest.fixture(autouse=True)
def _forget_accounts() -> Iterator[None]:
    accounts.forget()
    yield
    accounts.forget()
