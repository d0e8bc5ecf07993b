"""Reports from a standby: what is kept for ever waits until the standby knows what the book knows."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger import accounts, archives, gl_exports, gl_mappings, periods
from ledger.errors import Unavailable, VersionConflict
from ledger.exports import reading
from ledger.models import Event, GlExport
from payments.actors import Actor
from tests.factories.standby import Standby
from tests.integration.ledger import books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FINANCE = CLOSER = Actor(id="usr_1", person="usr_1", roles=frozenset({"finance_approver"}))


@pytest.fixture
def book(transactional_db: None) -> None:
    accounts.forget()
    gl_mappings.seed()
    books.receive("100")


def exported() -> gl_exports.GlFile:
    now = datetime.now(tz=UTC)
    return gl_exports.export(day=now.date(), actor=FINANCE, now=now + timedelta(days=1, hours=1))


def test_a_day_is_not_handed_over_without_what_the_standby_has_not_heard_of(
    book: None, standby: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading.snapshot() as using:
        assert reading.rows(using, "SELECT pg_is_in_recovery()") == [(True,)]
    standby.wait()
    books.receive("11")
    monkeypatch.setattr(reading, "PATIENCE", 0.3)
    with pytest.raises(Unavailable, match="behind"):
        exported()
    assert not GlExport.objects.exists()
    assert not Event.objects.filter(type="gl.exported").exists()
    standby.go_on()
    monkeypatch.undo()
    made = exported()
    assert b",EUR,111.00," in made.content
    assert GlExport.objects.get().sha256 == made.sha256
    books.receive("1")
    with pytest.raises(VersionConflict):
        exported()


@pytest.mark.parametrize(
    ("place", "end"),
    [("0/3000028", "0/3000000"), ("1/3002018", "1/3002000"), ("0/3002020", "0/3002020"), ("0/3000000", "0/3000000")],
)
def test_a_page_that_is_full_is_not_waited_beyond(place: str, end: str) -> None:
    """What would be written next lies behind the header of the next page, where no standby is until it is written."""
    assert reading.rows("default", reading._ENDS, [place]) == [(end,)]


def test_an_archive_has_what_was_closed_while_the_standby_waited(
    book: None, standby: Standby, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby.wait()
    day = datetime.now(tz=UTC) - timedelta(days=1)
    late = books.receive("11", effective_at=day)
    closed = periods.close(period_id=periods.name(label=f"{day:%Y-%m-%d}").pk, actor=CLOSER, now=datetime.now(tz=UTC))
    monkeypatch.setattr(reading, "PATIENCE", 0.3)
    with pytest.raises(Unavailable, match="behind"):
        archives.write(closed, tmp_path)
    assert list(tmp_path.iterdir()) == []
    standby.go_on()
    monkeypatch.undo()
    written = archives.write(closed, tmp_path)
    with gzip.open(written, "rt") as file:
        rows = [json.loads(line) for line in file]
    assert [row["id"] for row in rows if row["row"] == "transaction"] == [str(late.id)]
    assert Event.objects.filter(type=archives.EVENT).count() == 1
