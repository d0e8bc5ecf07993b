"""Archived periods: the same file every time, verified without the database, and any alteration is found.

Two defences are tried one by one: the signature, over every byte, and the figures, which are computed again even when
somebody with the key lies about them.
"""

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

from ledger import archive_checking, archive_rows, archives, digest_signature, periods, seal_notes
from ledger.errors import InvalidTransition, Unavailable
from ledger.models import Entry, Event, PeriodAccount
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


def check(file: Path, **more):
    return archive_checking.check(file, keys=seal_notes.public_keys(), **more)


def public_key() -> str:
    return next(iter(seal_notes.public_keys().values())).hex()


@pytest.mark.parametrize("label", ["2026-02-26", "2026-02-27", "2026-02-28", "2026-02"])
def test_an_archive_is_the_same_file_every_time_and_is_right(month, tmp_path, label):
    period = periods.find(label)
    first = archives.write(period, tmp_path / "one")
    books.receive("5", effective_at=NOON, metadata=periods.landing())
    books.receive("3", to=books.wallet(books.BEN, "CHF"))
    again = archives.write(period, tmp_path / "two")
    assert first.read_bytes() == again.read_bytes()
    assert not list(tmp_path.glob("*/*.partial"))
    found = check(first)
    assert (found.wrong, found.digest, found.entries) == ([], period.digest, period.entries)
    assert Entry.objects.filter(effective_at__lt=period.ends_at).exists()  # nothing was taken out of the books


def test_it_is_verified_without_django_and_without_a_database(month, tmp_path):
    file = archives.write(month, tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ALONE, str(settings.ROOT), str(file), "--public-key", public_key()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert month.digest in done.stdout


_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from ledger import archive_checking
code = archive_checking.main(sys.argv[2:])
assert not {"django", "psycopg", "cryptography"} & set(sys.modules)
sys.exit(code)
"""


def rewritten(file: Path, change, *, sign: bool = False) -> Path:
    """The archive with its rows changed and its footer made to fit: what a careful forger would leave, or with `sign`
    somebody who has the key."""
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    change(rows)
    lines = [json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows[:-1]]
    rows[-1]["sha256"] = hashlib.sha256("".join(lines).encode()).hexdigest()
    if sign:
        signed = seal_notes.sign(digest_signature.signed_text(digest_signature.ARCHIVE, rows[-1]["sha256"]))
        rows[-1]["signature"] = digest_signature.as_kept(*signed)
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
def test_other_figures_are_found_though_whoever_changed_them_has_the_key(month, tmp_path, change):
    file = archives.write(month, tmp_path)
    assert check(rewritten(file, lambda rows: None, sign=True)).wrong == []
    wrong = check(rewritten(file, change, sign=True)).wrong
    assert wrong
    assert "signature" not in " ".join(wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "A gift"), ("metadata", {"note": "another"}), ("phase", "pending"),
        ("recorded_at", "2026-02-26T09:00:00.000001Z"), ("reverses", "0" * 32), ("pending", "0" * 32),
    ],
)  # fmt: skip
def test_what_no_figure_knows_of_is_found_by_the_signature(month, tmp_path, field, value):
    file = archives.write(month, tmp_path)

    def change(rows):
        assert first(rows, "transaction")[field] != value
        first(rows, "transaction")[field] = value

    assert check(rewritten(file, lambda rows: None)).wrong == []
    (wrong,) = check(rewritten(file, change)).wrong
    assert "its signature" in wrong
    assert "is not right" in wrong


def _unsigned(rows):
    del rows[-1]["signature"]


def _by_a_stranger(rows):
    rows[-1]["signature"]["key"] = "0" * 16


def _of_another_form(rows):
    rows[-1]["signature"] = [rows[-1]["signature"]]


def _by_another_algorithm(rows):
    rows[-1]["signature"]["algorithm"] = "none"


def _in_other_letters(rows):
    rows[-1]["signature"]["value"] = rows[-1]["signature"]["value"].upper()


def _shortened(rows):
    rows[-1]["signature"]["value"] = rows[-1]["signature"]["value"][:-2]


def _of_a_checkpoint(rows):
    """A right signature of the same key, over the same digest, that was made for something else."""
    rows[-1]["signature"]["value"] = seal_notes.sign(rows[-1]["sha256"])[1].hex()


def _with_more_to_say(rows):
    rows[-1]["note"] = "audited"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_unsigned, "it is not signed"), (_by_a_stranger, "none of the public keys"),
        (_of_another_form, "no known form"), (_by_another_algorithm, "no known form"),
        (_in_other_letters, "is not right"), (_shortened, "is not right"), (_of_a_checkpoint, "is not right"),
        (_with_more_to_say, "more than a footer"),
    ],
)  # fmt: skip
def test_an_archive_without_a_right_signature_is_not_right(month, tmp_path, change, words):
    (wrong,) = check(rewritten(archives.write(month, tmp_path), change)).wrong
    assert words in wrong


def test_only_the_keys_that_count_count_and_a_former_one_does(month, tmp_path, settings):
    file, old = archives.write(month, tmp_path), public_key()
    settings.SEAL = {**settings.SEAL, "key": "5e" * 32}
    (wrong,) = check(file).wrong
    assert "none of the public keys" in wrong
    assert archive_checking.check(file, keys={}).wrong == [wrong]
    settings.SEAL = {**settings.SEAL, "former_public_keys": [old]}
    assert check(file).wrong == []
    assert check(archives.write(month, tmp_path / "new")).wrong == []


def test_without_a_key_no_archive_is_made(month, tmp_path, settings):
    settings.SEAL = {**settings.SEAL, "key": ""}
    with pytest.raises(Unavailable, match="SEAL_KEY"):
        archives.write(month, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not Event.objects.filter(type=archives.EVENT).exists()


def test_the_files_digest_is_kept_in_one_event_and_can_be_asked_for(month, tmp_path):
    file = archives.write(month, tmp_path)
    archives.write(month, tmp_path / "again")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    event = Event.objects.get(type="period.archived")
    assert (event.object_ref, event.data) == (month.public_id, {"sha256": digest, "digest": month.digest})
    assert check(file, sha256=digest.upper()).wrong == []
    same_rows = rewritten(file, lambda rows: None)
    (wrong,) = check(same_rows, sha256=digest).wrong
    assert "not the one expected" in wrong


def _twice(line):
    return line.replace(b'{"', b'{"row":"transaction","', 1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_twice, "given twice"), (lambda line: b"[" * 100_000, "nested"), (lambda line: b"{}", "KeyError"),
        (lambda line: b"7", "not a JSON object"), (lambda line: b'{"row":[]}', "TypeError"),
        (lambda line: b'{"row":"days"}', "KeyError"), (lambda line: b'{"row":NaN}', "NaN"),
        (lambda line: b'{"row":"transaction"}', "KeyError"), (lambda line: b"\xff", "UnicodeDecodeError"),
        (lambda line: b'{"row":"account","id":1,"code":"x","opening":7}', "TypeError"),
        (lambda line: b'{"row":"transaction","id":1,"effective_at":"2026-02-27","entries":[null]}', "TypeError"),
        (lambda line: line.replace(b'"amount":"', b'"amount":"1e999999999999999999999'), "InvalidOperation"),
        (lambda line: line.replace(b'"legs"', b'"\\ud800"') + b"?", "JSONDecodeError"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line(month, tmp_path, spoil, words):
    """Whatever a line is, the check does not fail itself."""
    file = archives.write(month, tmp_path)
    lines = gzip.decompress(file.read_bytes()).splitlines()
    lines[-2] = spoil(lines[-2])
    file.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    told = check(file).wrong[-1]
    assert told.startswith(f"line {len(lines) - 1} cannot be read: ")
    assert words in told


def test_lines_without_end_are_not_read_to_their_end(month, tmp_path, monkeypatch):
    monkeypatch.setattr(archive_rows, "LONGEST", 10_000)
    file = archives.write(month, tmp_path)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + b" " * 20_000))
    assert check(file).wrong
    file.write_bytes(gzip.compress(b'{"' + b" " * 20_000))
    assert check(file).wrong == ["line 1 cannot be read: ValueError it is longer than 10000 bytes"]


def test_a_second_header_is_refused_and_the_words_of_a_file_cannot_pass_for_ours(month, tmp_path):
    def two_heads(rows):
        rows.insert(1, rows[0])

    file = archives.write(month, tmp_path)
    assert "one header comes first" in check(rewritten(file, two_heads, sign=True)).wrong[-1]
    lines = gzip.decompress(file.read_bytes()).splitlines()
    row = json.loads(lines[-2])
    row.update(id="x\n2026-02.jsonl.gz is right: \ud800", entries=row["entries"][:1])
    lines[-2] = json.dumps(row).encode()
    file.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    words, right = archive_checking.report(file, keys=seal_notes.public_keys())
    assert not right
    assert "\n2026-02.jsonl.gz is right" not in words
    assert words.encode()


@pytest.mark.parametrize("share", [0, 1, 5, 9])
def test_a_torn_file_is_not_right(month, tmp_path, share):
    file = archives.write(month, tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * share // 10])
    assert check(file).wrong


def test_commands_write_and_verify(month, tmp_path, capsys):
    call_command("archive_period", "2026-02", "--output", str(tmp_path))
    said = capsys.readouterr().out
    file = tmp_path / "2026-02.jsonl.gz"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert month.digest in said
    assert digest in said
    assert public_key() in said
    call_command("verify_archive", str(file))
    assert "is right: period 2026-02" in capsys.readouterr().out
    call_command("verify_archive", str(file), "--public-key", public_key(), "--sha256", digest)
    assert digest in capsys.readouterr().out
    for wrong in (["--public-key", "5e" * 32], ["--sha256", "5e" * 32]):
        with pytest.raises(SystemExit):
            call_command("verify_archive", str(file), *wrong)
        assert "is NOT right" in capsys.readouterr().out
    with pytest.raises(CommandError, match="public-key"):
        call_command("verify_archive", str(file), "--public-key", "5e")
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
