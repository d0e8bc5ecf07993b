"""Two people who carry out a cut-over."""

import pytest

from ledger import accounts
from tests.factories import people


@pytest.fixture(autouse=True)
def _fresh(db):
    accounts.forget()


@pytest.fixture
def clerk(db):
    return people.staff("payments_ops")


@pytest.fixture
def approver(db):
    return people.staff("finance_approver")
