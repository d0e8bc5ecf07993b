"""Somebody with every right rewrites history in the database: each of a hundred seeded alterations is found by the
checks of `verify_ledger`, and its place is named."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.db import connection

from ledger import ids, invariants
from ledger.checks import CHECKS, seal
from ledger.models import DayRoot, Event, Link, SignedCheckpoint, Transaction
from tests.integration.ledger.conftest import superuser

pytestmark = [pytest.mark.django_db, pytest.mark.alone]

ROUNDS = 100
SEED = 20261120


def run(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount, f"nothing was altered: {sql}"


# Each alteration answers words of which one must be in what is found.


def _event(random: Random) -> Any:
    return random.choice(list(Event.objects.all()))


def _transaction(random: Random) -> Any:
    return random.choice(list(Transaction.objects.all()))


def event_field(random: Random) -> list[str]:
    event = _event(random)
    column = random.choice(
        ["type", "object_ref", "actor", "person", "on_behalf_of", "device", "request_id", "client_ref"]
    )
    run(f"UPDATE ledger_event SET {column} = {column} || 'x' WHERE id = %s", event.pk)
    return [event.public_id]


def event_facts(random: Random) -> list[str]:
    event = _event(random)
    column = random.choice(["before", "after", "data"])
    run(f"""UPDATE ledger_event SET {column} = '{{"state": "forged"}}' WHERE id = %s""", event.pk)
    return [event.public_id]


def event_time(random: Random) -> list[str]:
    event = _event(random)
    column = random.choice(["occurred_at", "recorded_at"])
    run(f"UPDATE ledger_event SET {column} = {column} + interval '1 microsecond' WHERE id = %s", event.pk)
    return [event.public_id]


def event_address(random: Random) -> list[str]:
    event = _event(random)
    run("UPDATE ledger_event SET ip = '203.0.113.7' WHERE id = %s", event.pk)
    return [event.public_id]


def event_deleted(random: Random) -> list[str]:
    event = random.choice(list(Event.objects.order_by("pk"))[:-1])
    run("DELETE FROM ledger_event WHERE id = %s", event.pk)
    return [event.public_id]


def event_inserted(random: Random) -> list[str]:
    event = random.choice(list(Event.objects.order_by("pk"))[:-1])
    run(
        "INSERT INTO ledger_event (id, type, object_ref, client_ref, actor, person, on_behalf_of, ip, device,"
        " request_id, before, after, data, occurred_at, recorded_at, xid)"
        " SELECT 900000, type, object_ref, client_ref, actor, person,"
        " on_behalf_of, ip, device, request_id, before, after, data, occurred_at, recorded_at, xid FROM ledger_event"
        " WHERE id = %s",
        event.pk,
    )
    return [ids.encode("evt", 900000)]


def events_swapped(random: Random) -> list[str]:
    one, other = random.sample(list(Event.objects.exclude(type="").order_by("pk")), 2)
    run("UPDATE ledger_event SET id = -1 WHERE id = %s", one.pk)
    run("UPDATE ledger_event SET id = %s WHERE id = %s", one.pk, other.pk)
    run("UPDATE ledger_event SET id = %s WHERE id = -1", other.pk)
    return [one.public_id]


def header_field(random: Random) -> list[str]:
    found = _transaction(random)
    change = random.choice(
        ["description = description || '.'", "source_system = 'forged', source_kind = 'forged', source_id = 'forged'",
         "phase = CASE phase WHEN 'single' THEN 'pending' WHEN 'post' THEN 'void' WHEN 'void' THEN 'post'"
         " ELSE 'single' END",
         "idempotency_key = 'forged'", "reason = 'TAX'", "legs = legs + 1",
         "metadata = '{\"note\": \"forged\"}'", "fingerprint = '\\x00'", "xid = xid - 1",
         "effective_at = effective_at - interval '1 microsecond'", "recorded_at = recorded_at + interval '1 second'"]
    )  # fmt: skip
    run(f"UPDATE ledger_transaction SET {change.replace('%', '%%')} WHERE id = %s", found.pk)
    return [found.public_id]


def amounts(random: Random) -> list[str]:
    found = _transaction(random)
    run("UPDATE ledger_entry SET amount = amount * 2 WHERE transaction_id = %s", found.pk)
    return [found.public_id]


def one_amount(random: Random) -> list[str]:
    found = _transaction(random)
    run("UPDATE ledger_entry SET amount = amount + 0.01 WHERE transaction_id = %s AND leg = 1", found.pk)
    return [found.public_id]


def running_balance(random: Random) -> list[str]:
    found = _transaction(random)
    run("UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE transaction_id = %s AND seq IS NOT NULL",
        found.pk)  # fmt: skip
    return [found.public_id]


def entry_account(random: Random) -> list[str]:
    found = _transaction(random)
    run("UPDATE ledger_entry SET account_id = (SELECT max(id) FROM ledger_account) + 1 WHERE transaction_id = %s"
        " AND leg = 2", found.pk)  # fmt: skip
    return [found.public_id]


def entry_deleted(random: Random) -> list[str]:
    found = _transaction(random)
    run("DELETE FROM ledger_entry WHERE transaction_id = %s AND leg = 2", found.pk)
    return [found.public_id]


def legs_swapped(random: Random) -> list[str]:
    found = _transaction(random)
    run("UPDATE ledger_entry SET leg = 100 - leg WHERE transaction_id = %s", found.pk)
    return [found.public_id]


def transaction_deleted(random: Random) -> list[str]:
    found = _transaction(random)
    run("DELETE FROM ledger_entry WHERE transaction_id = %s", found.pk)
    run("DELETE FROM ledger_transaction WHERE id = %s", found.pk)
    return [found.public_id]


def transaction_inserted(random: Random) -> list[str]:
    found = random.choice(list(Transaction.objects.order_by("xid"))[:-1])
    forged = ids.new_id()
    run(
        "INSERT INTO ledger_transaction (id, phase, reason, fingerprint, description, metadata, legs, effective_at,"
        " recorded_at, xid) SELECT %s, 'single', reason, fingerprint, description, metadata, legs, effective_at,"
        " recorded_at, xid - 1 FROM ledger_transaction WHERE id = %s",
        forged,
        found.pk,
    )
    return [ids.encode("txn", forged)]


def account_renamed(random: Random) -> list[str]:
    run(
        "UPDATE ledger_account SET code = 'client/cl_thief/wallet'"
        " WHERE code = 'client/cl_ben/wallet' AND currency = 'EUR'"
    )
    first = Transaction.objects.filter(entries__account__code="client/cl_thief/wallet").order_by("xid").first()
    return [first.public_id]


def link_field(random: Random) -> list[str]:
    number = random.randint(1, Link.objects.count())
    change = random.choice(
        ["hash = sha256(hash)", "previous = sha256(previous)", "sealed_at = sealed_at + interval '1 microsecond'",
         "xid = xid + 1", "format = 2"]
    )  # fmt: skip
    run(f"UPDATE ledger_seal SET {change} WHERE number = %s", number)
    return [f"#{number}:"]


def link_deleted(random: Random) -> list[str]:
    number = random.randint(1, Link.objects.count() - 1)
    run("DELETE FROM ledger_seal WHERE number = %s", number)
    return [f"#{number + 1}:"]


def links_swapped(random: Random) -> list[str]:
    one, other = sorted(random.sample(range(1, Link.objects.count() + 1), 2))
    run("UPDATE ledger_seal SET number = 1000000 WHERE number = %s", one)
    run("UPDATE ledger_seal SET number = %s WHERE number = %s", one, other)
    run("UPDATE ledger_seal SET number = %s WHERE number = 1000000", other)
    return [f"#{one}:"]


def link_of_another_row(random: Random) -> list[str]:
    link = random.choice(list(Link.objects.exclude(event_id=None)))
    run("UPDATE ledger_seal SET event_id = 999999 WHERE number = %s", link.pk)
    return [f"#{link.pk}:"]


def tail_of_links(random: Random) -> list[str]:
    last = Link.objects.count()
    run("DELETE FROM ledger_seal WHERE number > %s", last - random.randint(1, 5))
    return [f"#{last}"]


def whole_tail(random: Random) -> list[str]:
    """Rows, links, roots and checkpoints are all cut off at one place: only the copy outside knows."""
    last = Link.objects.count()
    keep = last - random.randint(1, 5)
    for link in Link.objects.filter(number__gt=keep):
        if link.event_id:
            run("DELETE FROM ledger_event WHERE id = %s", link.event_id)
        else:
            run("DELETE FROM ledger_entry WHERE transaction_id = %s", link.transaction_id)
            run("DELETE FROM ledger_transaction WHERE id = %s", link.transaction_id)
    run("DELETE FROM ledger_seal WHERE number > %s", keep)
    run(
        "DELETE FROM ledger_seal_copy c USING ledger_seal_checkpoint x"
        " WHERE x.serial = c.checkpoint_id AND x.number > %s",
        keep,
    )
    run("DELETE FROM ledger_seal_checkpoint WHERE number > %s", keep)
    return [f"now ends at #{keep}"]


# One link made to fit the row that it seals now, and the link before it.
FITTED = """
    UPDATE ledger_seal s
       SET previous = p.hash, hash = ledger_seal_link(s.number, s.xid, p.hash, c.content, s.sealed_at)
      FROM (SELECT coalesce((SELECT hash FROM ledger_seal WHERE number = %s - 1),
                            decode(repeat('00', 32), 'hex')) AS hash) p,
           (SELECT l.number, coalesce(sha256(array_send(e.fields)),
                                     sha256(array_send(t.fields) || n.entries)) AS content
              FROM ledger_seal l
              LEFT JOIN ledger_seal_event_content e ON e.id = l.event_id
              LEFT JOIN ledger_seal_transaction_content t ON t.id = l.transaction_id
              LEFT JOIN LATERAL (SELECT string_agg(array_send(x.fields), ''::bytea ORDER BY x.leg) AS entries
                                   FROM ledger_seal_entry_content x WHERE x.transaction_id = t.id) n ON true) c
     WHERE c.number = s.number AND s.number = %s
"""


def rewritten(random: Random) -> list[str]:
    """One event is altered and every link from there on is computed anew, as one can who has read our SQL."""
    link = random.choice(list(Link.objects.exclude(event_id=None)))
    run("UPDATE ledger_event SET actor = 'nobody' WHERE id = %s", link.event_id)
    for number in range(link.pk, Link.objects.count() + 1):
        run(FITTED, number, number)
    after = SignedCheckpoint.objects.filter(number__gte=link.pk).order_by("serial").first()
    return [f"checkpoint {after.serial}: at #{after.number}: the chain up to"]


def root_changed(random: Random) -> list[str]:
    day = DayRoot.objects.get()
    change = random.choice(
        ["root = sha256(root)", "last = last - 1", "day = day - 1",
         "made_at = made_at - interval '1 hour'", "made_at = made_at + interval '1 day'"]
    )  # fmt: skip
    run(f"UPDATE ledger_seal_root SET {change}")
    return [f"day {day.day}", "day "]


def root_deleted(random: Random) -> list[str]:
    day = DayRoot.objects.get().day
    run("DELETE FROM ledger_seal_root")
    return [f"the root of {day} is not what was signed"]


def checkpoint_changed(random: Random) -> list[str]:
    serial = random.randint(1, SignedCheckpoint.objects.count())
    change = random.choice(
        ["body = replace(body, 'made: 20', 'made: 19')", "signature = sha512(signature)", "key = reverse(key)",
         "number = number - 1", "body = 'nothing'", "made_at = made_at + interval '1 microsecond'",
         "daily = NOT daily"]
    )  # fmt: skip
    run(f"UPDATE ledger_seal_checkpoint SET {change} WHERE serial = %s", serial)
    return [f"checkpoint {serial}:"]


def checkpoint_deleted(random: Random) -> list[str]:
    serial = random.randint(1, SignedCheckpoint.objects.count())
    run("DELETE FROM ledger_seal_checkpoint WHERE serial = %s", serial)
    return [f"checkpoint-{serial:012d}.txt"]


def list_of_copies_changed(random: Random) -> list[str]:
    serial = random.randint(1, SignedCheckpoint.objects.count())
    change = random.choice(["- interval '1 hour'", "+ interval '1 hour'"])
    run(f"UPDATE ledger_seal_copy SET copied_at = copied_at {change} WHERE checkpoint_id = %s", serial)
    return [f"checkpoint-{serial:012d}.txt"]


DATABASE: list[Callable[[Random], list[str]]] = [
    event_field, event_facts, event_time, event_address, event_deleted, event_inserted, events_swapped, header_field,
    amounts, one_amount, running_balance, entry_account, entry_deleted, legs_swapped, transaction_deleted,
    transaction_inserted, account_renamed, link_field, link_deleted, links_swapped, link_of_another_row, tail_of_links,
    whole_tail, rewritten, root_changed, root_deleted, checkpoint_changed, checkpoint_deleted,
    list_of_copies_changed,
]  # fmt: skip


def found() -> list[str]:
    return [str(finding) for finding in invariants.run(limit=200).findings]


def test_the_sealed_book_is_clean(sealed_kept: Any) -> None:
    assert found() == []


@pytest.mark.parametrize("part", range(4))
def test_a_hundred_alterations_of_the_database_are_found_and_located(
    sealed_kept: Any, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = [check for check in CHECKS if check.name.startswith("seal_")]
    monkeypatch.setattr(invariants, "every", lambda: sealing)
    missed = []
    for number in range(part, ROUNDS, 4):
        alter = DATABASE[number % len(DATABASE)]
        with superuser():
            wanted = alter(Random(SEED + number))
            said = found()
        if not any(word in line for line in said for word in wanted):
            missed.append((number, alter.__name__, wanted, said[:5]))
    assert missed == []
    assert found() == []


@pytest.mark.parametrize(
    ("alter", "wanted"),
    [
        ("UPDATE ledger_seal_checkpoint SET made_at = made_at - interval '1 microsecond' WHERE serial = 2",
         "checkpoint 2: at #"),
        ("UPDATE ledger_seal_checkpoint SET daily = true WHERE serial = 3", "checkpoint 3: at #"),
        ("UPDATE ledger_seal_checkpoint SET daily = false WHERE serial = 2", "checkpoint 2: at #"),
        ("UPDATE ledger_seal_root SET made_at = made_at - interval '1 hour'", "before what it stands for"),
        ("UPDATE ledger_seal_root SET made_at = made_at + interval '7 hours'", "after it was signed"),
        ("UPDATE ledger_seal_copy SET copied_at = copied_at - interval '6 minutes' WHERE checkpoint_id = 1",
         "cannot have been copied at"),
        ("UPDATE ledger_seal_copy SET copied_at = copied_at + interval '1 day' WHERE checkpoint_id = 1",
         "cannot have been copied at"),
    ],
)  # fmt: skip
def test_times_and_marks_beside_what_was_signed_are_checked_against_it(
    sealed_kept: Any, alter: str, wanted: str
) -> None:
    with superuser():
        run(alter)
        said = [*seal.checkpoints(), *seal.copies()]
        recent = [*seal.recent_checkpoints(), *seal.recent_copies()]
    assert [line for line in said if wanted in f"{line[0]} {line[1]}: {line[2]}"], said
    assert len(said) == len(recent) == 1
    assert [*seal.checkpoints(), *seal.copies()] == []
