"""Two places outside hold every checkpoint: what is missing there is found and named, and written again."""

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from ledger import seal_checkpoints, seal_places, sealing
from ledger.checks import seal
from ledger.models import CheckpointCopy, SignedCheckpoint
from tests.integration.ledger import sealed_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]


@pytest.fixture
def folders(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two folders with the same three checkpoints, the second one daily; and nothing is given time to arrive."""
    paths = [tmp_path / "one", tmp_path / "two"]
    settings.SEAL = {**settings.SEAL, "folders": [str(p) for p in paths], "storages": [], "emails": []}
    monkeypatch.setattr(seal, "GRACE", timedelta(0))
    for number in range(3):
        sealed_books.happen(1, first=number)
        sealed_books.seal_all()
        if number == 1:
            assert sealing.close_days(now=datetime.now(UTC) + timedelta(days=1)) == 1
        sealed_books.checkpoint(datetime.now(UTC))
    assert seal.copies() == seal.recent_copies() == []
    return paths


def missing(path: Any, *serials: int) -> list[tuple[str, str, str]]:
    return [("copy", seal_places.file_name(n), f"in folder {path}: checkpoint {n} is missing there") for n in serials]


def test_a_copy_that_was_deleted_is_named_with_its_place_and_comes_back(folders: Any) -> None:
    lost = folders[1] / seal_places.file_name(2)
    text = lost.read_text()
    lost.unlink()
    assert seal.copies() == seal.recent_copies() == missing(folders[1], 2)
    assert seal_checkpoints.copy_out(now=datetime.now(UTC)) == 1
    assert lost.read_text() == text
    assert seal.copies() == []


def test_an_emptied_place_and_one_that_is_not_there_are_told_apart(folders: Any) -> None:
    for found in folders[0].iterdir():
        found.unlink()
    shutil.rmtree(folders[1])
    gone = ("copy", f"folder {folders[1]}", "cannot be read: FileNotFoundError")
    assert seal.copies() == [*missing(folders[0], 1, 2, 3), gone, *missing(folders[1], 1, 2, 3)]
    assert seal_checkpoints.copy_out(now=datetime.now(UTC)) == 6
    assert seal.copies() == []


def test_a_checkpoint_is_given_time_to_arrive(folders: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders[0] / seal_places.file_name(3)).unlink()
    assert len(seal.copies()) == 1
    monkeypatch.setattr(seal, "GRACE", timedelta(minutes=5))
    assert seal.copies() == []


def test_false_words_about_copies_neither_hide_nor_prevent_anything(folders: Any, app_connection: Any) -> None:
    sealed_books.happen(1, first=9)
    sealed_books.seal_all()
    seal_checkpoints.sign_head(now=datetime.now(UTC))
    for path in folders:
        app_connection.execute(
            "INSERT INTO ledger_seal_copy (checkpoint_id, place, copied_at) VALUES (4, %s, now())", [f"folder {path}"]
        )
    assert seal.copies() == [*missing(folders[0], 4), *missing(folders[1], 4)]
    assert seal_checkpoints.copy_out(now=datetime.now(UTC)) == 2
    assert seal.copies() == []


def test_a_list_of_copies_that_was_emptied_is_found_and_written_again(folders: Any, superuser_connection: Any) -> None:
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("DELETE FROM ledger_seal_copy WHERE checkpoint_id = 2")
    said = seal.copies()
    assert [line[1] for line in said] == [seal_places.file_name(2)] * 2
    assert all("missing from the list" in line[2] for line in said)
    assert seal_checkpoints.copy_out(now=datetime.now(UTC)) == 2
    assert CheckpointCopy.objects.count() == 6
    assert seal.copies() == []


def test_a_place_that_is_added_later_gets_the_history_and_a_mailbox_the_last_days(
    folders: Any, settings: Any, tmp_path: Any
) -> None:
    settings.SEAL = {
        **settings.SEAL, "folders": [*settings.SEAL["folders"], str(tmp_path / "three")], "emails": ["a@audit.test"],
    }  # fmt: skip
    assert len(seal.copies()) == 1 + 3 + 1, "not there, three checkpoints, the daily one by mail"
    assert seal_checkpoints.copy_out(now=datetime.now(UTC)) == 4
    assert len(mail.outbox) == 1
    assert seal.copies() == seal.recent_copies() == []
    assert SignedCheckpoint.objects.count() == 3


def test_a_place_whose_library_fails_is_a_finding_and_not_the_end_of_the_look(
    folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(place: seal_places.Folder) -> list[str]:
        if place.path == folders[0]:
            raise RuntimeError("no answer")
        return sorted(found.name for found in place.path.iterdir())

    monkeypatch.setattr(seal_places.Folder, "names", fail)
    assert seal.copies() == [("copy", f"folder {folders[0]}", "cannot be read: RuntimeError")]
