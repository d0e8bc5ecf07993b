"""Archived periods: the same file every time, verified without the database, and any alteration is found."""

import gzip
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from ledger import archive_checking, archives, periods
from ledger.errors import InvalidTransition
from ledger.models import Entry, PeriodAccount
from tests.integration.ledger import books
from tests.integration.ledger.test_periods import NOON, account, close

pytestmark = pytest.mark.django_db


@pytest.fixture
def month():
    """A whole closed February 2026 with one of everything on its last two days."""
    start = datetime(2026, 2, 26, 9, tzinfo=UTC)
    books.receive("1000.50", effective_at=start - timedelta(days=30), source=books.source('a "quoted", one'))
    books.receive("70000", to=books.wallet(books.BEN, "JPY"), effective_at=start)
    books.receive("1.000000000000000001", to=books.wallet(books.BEN, "ETH"), effective_at=start)
    pending = books.send("40", to=books.trading(), pending=True, effective_at=start + timedelta(hours=1))
    books.settle(pending, effective_at=start + timedelta(days=1))
    books.send("15", to=books.trading(), pending=True, effective_at=start + timedelta(days=1))
    mistaken = books.receive("7", effective_at=start + timedelta(days=1), metadata={"note": "über\n"})
    books.reverse(mistaken, effective_at=start + timedelta(days=1, hours=1))
    for day in (26, 27, 28):
        close(f"2026-02-{day}")
    return close("2026-02")


@pytest.mark.parametrize("label", ["2026-02-26", "2026-02-27", "2026-02-28", "2026-02"])
def test_an_archive_is_the_same_file_every_time_and_is_right(month, tmp_path, label):
    period = periods.find(label)
    first = archives.write(period, tmp_path / "one")
    books.receive("5", effective_at=NOON, metadata=periods.landing())
    books.receive("3", to=books.wallet(books.BEN, "CHF"))
    again = archives.write(period, tmp_path / "two")
    assert first.read_bytes() == again.read_bytes()
    assert not list(tmp_path.glob("*/*.partial"))
    found = archive_checking.check(first)
    assert (found.wrong, found.digest, found.entries) == ([], period.digest, period.entries)
    assert Entry.objects.filter(effective_at__lt=period.ends_at).exists()  # nothing was taken out of the books


def test_it_is_verified_without_django_and_without_a_database(month, tmp_path):
    file = archives.write(month, tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ALONE, str(settings.ROOT), str(file)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert month.digest in done.stdout


_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ledger import archive_checking
words, right = archive_checking.report(Path(sys.argv[2]))
assert "django" not in sys.modules and "psycopg" not in sys.modules
print(words)
sys.exit(0 if right else 1)
"""


def rewritten(file: Path, change) -> Path:
    """The archive with its rows changed and its footer made to fit: what a careful forger would leave."""
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    change(rows)
    lines = [json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows[:-1]]
    rows[-1]["sha256"] = hashlib.sha256("".join(lines).encode()).hexdigest()
    for noun in ("account", "transaction"):
        rows[-1][f"{noun}s"] = sum(row["row"] == noun for row in rows)
    forged = file.with_name("forged.jsonl.gz")
    forged.write_bytes(gzip.compress("".join(lines).encode() + json.dumps(rows[-1]).encode() + b"\n"))
    return forged


def first(rows, noun):
    return next(row for row in rows if row["row"] == noun)


def _more(rows):
    for entry in first(rows, "transaction")["entries"]:
        entry["amount"] = entry["amount"].replace("7", "8")


def _moved(rows):
    first(rows, "transaction")["effective_at"] = "2026-02-26T10:00:00.000000Z"


def _gone(rows):
    rows.remove(first(rows, "transaction"))


def _richer(rows):
    found = first(rows, "account")
    found["opening"][0] = found["closing"][0] = "1.00"


def _renamed(rows):
    first(rows, "account")["code"] = "psp/other/clearing"


def _one_sided(rows):
    first(rows, "transaction")["entries"].pop()


def _another_reason(rows):
    first(rows, "transaction")["reason"] = "MANUAL_ADJUSTMENT"


@pytest.mark.parametrize("change", [_more, _moved, _gone, _richer, _renamed, _one_sided, _another_reason])
def test_an_alteration_is_found_though_the_footer_fits(month, tmp_path, change):
    file = archives.write(month, tmp_path)
    assert archive_checking.check(rewritten(file, lambda rows: None)).wrong == []
    assert archive_checking.check(rewritten(file, change)).wrong


@pytest.mark.parametrize("share", [0, 1, 5, 9])
def test_a_torn_file_is_not_right(month, tmp_path, share):
    file = archives.write(month, tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * share // 10])
    assert archive_checking.check(file).wrong


def test_commands_write_and_verify(month, tmp_path, capsys):
    call_command("archive_period", "2026-02", "--output", str(tmp_path))
    assert month.digest in capsys.readouterr().out
    call_command("verify_archive", str(tmp_path / "2026-02.jsonl.gz"))
    assert "is right: period 2026-02" in capsys.readouterr().out
    (tmp_path / "2026-02.jsonl.gz").write_bytes(b"nothing")
    with pytest.raises(SystemExit) as left:
        call_command("verify_archive", str(tmp_path / "2026-02.jsonl.gz"))
    assert left.value.code == 1
    with pytest.raises(CommandError):
        call_command("archive_period", "2031-01", "--output", str(tmp_path))


def test_an_open_period_cannot_be_archived(tmp_path):
    with pytest.raises(InvalidTransition):
        archives.write(periods.name(label="2026-02-26"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_database_and_the_text_writer_agree_on_every_byte(month):
    """Two implementations of one text; the archive's checker uses the second."""
    for kept in PeriodAccount.objects.select_related("period", "account"):
        statement = periods.statement(account=kept.account, period=kept.period)
        assert hashlib.sha256(statement.body).hexdigest() == kept.digest
    assert periods.statement(account=account(books.wallet()), period=month).entries > 0
