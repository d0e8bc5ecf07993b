"""The chain: what goes in, in which order, what a day's root is, what a checkpoint says, and where copies of it go."""

import hashlib
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.db import connection, transaction

from ledger import invariants, seal_checkpoints, seal_notes, sealing
from ledger.errors import Unavailable
from ledger.exports import verify_seal
from ledger.models import CheckpointCopy, DayRoot, Entry, Event, Link, SignedCheckpoint, Transaction
from tests.integration.ledger import books, sealed_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]


@pytest.fixture
def folder(settings, tmp_path):
    return sealed_books.folder_of(settings, tmp_path / "kept")


def test_every_event_and_transaction_gets_exactly_one_link_in_the_order_of_commits(folder):
    books.full_book()
    sealed_books.happen(5)
    count = sealed_books.seal_all()
    links = list(Link.objects.order_by("number"))
    assert [link.number for link in links] == list(range(1, count + 1))
    assert {link.transaction_id for link in links} - {None} == set(Transaction.objects.values_list("pk", flat=True))
    assert {link.event_id for link in links} - {None} == set(Event.objects.values_list("pk", flat=True))
    assert bytes(links[0].previous) == bytes(32)
    assert all(bytes(after.previous) == bytes(before.hash) for before, after in pairwise(links))
    xids = dict(Transaction.objects.values_list("pk", "xid")) | dict(Event.objects.values_list("pk", "xid"))
    order = [xids[link.transaction_id or link.event_id] for link in links]
    assert order == sorted(order)
    assert sealing.seal() == 0


def test_every_column_of_what_is_sealed_is_part_of_the_seal():
    """A new column fails here: give it a place in the views of 0006_seal and in `verify_seal.py`."""
    with connection.cursor() as cursor:
        for view, model in (("event", Event), ("transaction", Transaction), ("entry", Entry)):
            cursor.execute("SELECT pg_get_viewdef(%s::regclass)", [f"ledger_seal_{view}_content"])
            definition = cursor.fetchone()[0]
            fields = definition[definition.index("ARRAY[") : definition.rindex("] AS fields")]
            missing = [f.column for f in model._meta.concrete_fields if not re.search(rf"\b{f.column}\b", fields)]
            assert not missing, f"{model.__name__}: {missing}"


def test_a_transaction_that_is_still_open_holds_back_what_came_after_it(folder, app_connection):
    books.receive("1")
    before = sealed_books.seal_all()
    app_connection.execute("BEGIN")
    app_connection.execute(
        "INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, device, request_id,"
        " occurred_at, recorded_at, xid) VALUES ('slow', 'obj_slow', '', 'x', '', '', '', '', now(), now(), 0)"
    )
    sealed_books.happen(3)
    assert sealing.seal() == 0
    assert sealing.lag().waiting == 3
    app_connection.execute("COMMIT")
    assert sealed_books.seal_all() == before + 4
    slow = Link.objects.get(event_id=Event.objects.get(object_ref="obj_slow").pk)
    assert slow.number == before + 1


def test_batches_may_cut_a_commit_in_two(folder):
    with transaction.atomic():
        for _ in range(4):
            books.receive("1")
        sealed_books.happen(3)
    sealed_books.happen(1)
    while not Link.objects.exists():
        sealing.seal(most=1)
    for _ in range(20):
        sealing.seal(most=1)
    assert Link.objects.count() == 8 or sealed_books.seal_all() == 8
    assert invariants.run().clean


def test_of_two_chainers_that_start_at_once_one_works_and_the_other_leaves(folder):
    sealed_books.happen(300)
    barrier, done = threading.Barrier(2), []

    def work():
        try:
            for _ in range(30):
                barrier.wait()
                done.append(sealing.seal(most=10))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sealed_books.seal_all() == 300
    assert invariants.run().clean


def test_while_another_one_chains_there_is_nothing_to_do(folder):
    sealed_books.happen(1)
    sealed_books.seal_all()
    sealed_books.happen(1, first=1)
    outcome = []

    def late():
        try:
            outcome.append(sealing.seal())
        finally:
            connection.close()

    with transaction.atomic():
        assert sealing.seal() in (0, 1)  # holds the lock to the end of the transaction
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(timeout=20)
    assert outcome == [0]
    assert sealed_books.seal_all() == 2


def test_the_root_of_a_day_is_that_of_the_standard(folder):
    for count in (1, 4, 2):
        sealed_books.happen(count)
        last = sealed_books.seal_all()
        assert sealing.close_days(now=datetime.now(UTC)) == 0, "today is not over"
        assert sealing.close_days(now=datetime.now(UTC) + timedelta(days=1)) == 1
        root = DayRoot.objects.order_by("-first").first()
        hashes = [
            bytes(h)
            for h in Link.objects.filter(number__gte=root.first).order_by("number").values_list("hash", flat=True)
        ]
        assert (root.last, len(hashes)) == (last, count)
        assert bytes(root.root) == verify_seal.merkle(hashes)
    assert invariants.run().clean


def test_a_checkpoint_speaks_for_the_head_and_follows_the_one_before(folder):
    now = datetime.now(UTC)
    assert seal_checkpoints.sign_head(now=now) is None, "nothing is sealed yet"
    sealed_books.happen(2)
    sealed_books.seal_all()
    first = seal_checkpoints.sign_head(now=now)
    assert seal_checkpoints.sign_head(now=now) is None, "nothing has changed"
    sealed_books.happen(1, first=2)
    sealed_books.seal_all()
    second = seal_checkpoints.sign_head(now=now)
    note = seal_notes.read(second.body)
    assert (note.serial, note.sealed, note.previous) == (2, 3, seal_notes.digest(seal_checkpoints.text_of(first)))
    assert note.head == bytes(Link.objects.get(number=3).hash).hex()
    assert seal_notes.is_signed(second.body, second.key, bytes(second.signature))


def test_checkpoints_go_to_every_place_once_and_mail_only_with_a_new_day(settings, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    settings.SEAL = {
        **settings.SEAL, "folders": [str(path) for path in folders], "storages": ["default"],
        "emails": ["a@audit.test"],
    }  # fmt: skip
    now = datetime.now(UTC)
    sealed_books.happen(1)
    sealed_books.seal_all()
    seal_checkpoints.sign_head(now=now)
    assert seal_checkpoints.copy_out(now=now) == 3
    assert mail.outbox == []
    sealing.close_days(now=now + timedelta(days=1))
    daily = seal_checkpoints.sign_head(now=now)
    assert seal_checkpoints.copy_out(now=now) == 4
    assert seal_checkpoints.copy_out(now=now) == 0
    assert [sorted(found.name for found in path.iterdir()) for path in folders] == [
        ["checkpoint-000000000001.txt", "checkpoint-000000000002.txt"]
    ] * 2
    text = (folders[0] / "checkpoint-000000000002.txt").read_text()
    assert text == seal_checkpoints.text_of(daily)
    assert text in mail.outbox[0].body
    assert invariants.run().clean


def test_a_place_that_is_away_does_not_keep_the_others_from_theirs(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.SEAL = {
        **settings.SEAL, "folders": [str(tmp_path / "file"), str(tmp_path / "good")], "storages": [], "emails": [],
    }  # fmt: skip
    now = datetime.now(UTC)
    sealed_books.happen(1)
    sealed_books.seal_all()
    seal_checkpoints.sign_head(now=now)
    with pytest.raises(Unavailable):
        seal_checkpoints.copy_out(now=now)
    assert list(CheckpointCopy.objects.values_list("place", flat=True)) == [f"folder {tmp_path / 'good'}"]
    (tmp_path / "file").unlink()
    assert seal_checkpoints.copy_out(now=now) == 1


ADD = "SELECT ledger_seal_checkpoint_add(%s, %s, %s, %s, %s, %s)"


def test_a_checkpoint_that_does_not_speak_for_this_chain_is_refused(folder, app_connection):
    sealed_books.happen(2)
    sealed_books.seal_all()
    head = bytes(Link.objects.get(number=2).hash)
    made = seal_notes.stamp(datetime.now(UTC))
    good = {"origin": "office.test", "serial": 1, "previous": seal_notes.NOTHING, "made": made, "sealed": 2,
            "head": head.hex(), "day": "none"}  # fmt: skip
    body, key = seal_notes.Note(**good).body, "ab" * 8
    refused = [(3, head, body, key, bytes(64)), (2, bytes(32), body, key, bytes(64)), (2, head, body, key, b"short"),
               (2, head, "garbage", key, bytes(64)), (2, head, body, "k", bytes(64)), (2, head, None, key, bytes(64)),
               (2, head, body, None, bytes(64)), (2, head, body + "x", key, bytes(64)),
               (2, head, body.removesuffix("\n"), key, bytes(64))]  # fmt: skip
    changes = [{"sealed": 1}, {"head": "00" * 32}, {"serial": 2}, {"previous": "ab" * 32}, {"origin": ""},
               {"origin": "a" * 300}, {"origin": "büro"}, {"made": "now"}, {"made": "2026-02-31T10:00:00.000000Z"},
               {"made": seal_notes.stamp(datetime.now(UTC) + timedelta(hours=1))}, {"day": ""},
               {"day": f"2026-11-20 1 2 {'00' * 32}"}]  # fmt: skip
    refused += [(2, head, seal_notes.Note(**{**good, **change}).body, key, bytes(64)) for change in changes]
    for values in refused:
        with pytest.raises(Exception, match="invalid_request"):
            app_connection.execute(ADD, [1, *values])
    assert app_connection.execute(ADD, [2, 2, head, body, key, bytes(64)]).fetchone() == (False,), "not the next one"
    assert not SignedCheckpoint.objects.exists()
    assert app_connection.execute(ADD, [1, 2, head, body, key, bytes(64)]).fetchone() == (True,), "only the key is not"
    (wrong,) = invariants.run().findings
    assert "its signature is not ours" in wrong.detail


def test_who_started_earlier_and_comes_later_signs_nothing(folder):
    now = datetime.now(UTC)
    sealed_books.happen(1)
    sealed_books.seal_all()
    assert seal_checkpoints.sign_head(now=now).made_at == now
    sealed_books.happen(1, first=1)
    sealed_books.seal_all()
    assert seal_checkpoints.sign_head(now=now - timedelta(seconds=1)) is None
    assert seal_checkpoints.sign_head(now=now) is not None
    assert invariants.run().clean


@pytest.mark.parametrize("body", ["garbage", "", "wherewithal checkpoint 1\norigin: x\n", "a: b\nb: c\nd: e\n"])
def test_a_bad_row_does_not_end_the_signing(folder, superuser_connection, body):
    sealed_books.happen(1)
    sealed_books.seal_all()
    seal_checkpoints.sign_head(now=datetime.now(UTC))
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("UPDATE ledger_seal_checkpoint SET body = %s", [body])
    with pytest.raises(ValueError, match=r"checkpoint|dictionary"):
        seal_notes.read(body)
    assert seal_checkpoints.sign_head(now=datetime.now(UTC)).serial == 2
    assert [f.reference for f in invariants.run().findings] == ["1"]


def test_the_chain_ends_rather_than_going_on_after_a_row_that_vanished(folder, superuser_connection):
    sealed_books.happen(2)
    sealed_books.seal_all()
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("DELETE FROM ledger_event WHERE id = (SELECT max(id) FROM ledger_event)")
    sealed_books.happen(1, first=2)
    with pytest.raises(Unavailable, match="missing"):
        sealing.seal()
    assert Link.objects.count() == 2


def test_a_link_can_be_computed_with_nothing_but_the_standard_library(folder):
    sealed_books.happen(1)
    sealed_books.seal_all()
    link = Link.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields FROM ledger_seal_event_content")
        content = hashlib.sha256(verify_seal.packed(cursor.fetchone()[0])).digest()
    head = (1).to_bytes(8, "big") + link.xid.to_bytes(8, "big") + bytes(32) + content
    stamp = link.sealed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    assert hashlib.sha256(head + stamp).digest() == bytes(link.hash)


def test_a_look_at_what_is_new_sees_new_links_and_what_is_wrong_with_them(folder, superuser_connection):
    now = datetime.now(UTC)
    books.receive("1")
    sealed_books.seal_all()
    sealed_books.checkpoint(now)
    assert invariants.run().clean
    books.receive("2")
    sealed_books.happen(3)
    sealed_books.seal_all()
    sealed_books.checkpoint(now)
    report = invariants.run(incremental=True)
    assert report.clean
    assert report.since > 0
    assert {"seal_links", "seal_gaps", "seal_checkpoints", "seal_copies"} <= {found.name for found in report.outcomes}

    books.receive("3")
    sealed_books.happen(2, first=3)
    sealed_books.seal_all()
    event = Event.objects.get(object_ref="obj_4")
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute("UPDATE ledger_event SET actor = 'nobody' WHERE id = %s", [event.pk])
    report = invariants.run(incremental=True)
    assert report.since > 0
    assert [found.reference for found in report.findings if found.check == "seal_links"] == [event.public_id]
