from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import accounts
from tests.factories.firm import Firm


@pytest.fixture
def firm(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Firm]:
    accounts.forget()
    firm = Firm(settings, tmp_path)
    yield firm
    firm.stop()
