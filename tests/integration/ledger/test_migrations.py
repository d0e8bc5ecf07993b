"""The ledger's migrations run backward and forward again over a book with rows in it, and the books are right."""

import pytest
from django.core.management import call_command
from django.db import connection

from ledger import invariants
from ledger.errors import InsufficientAvailable
from ledger.models import Balance, Entry
from tests.integration.ledger import books


@pytest.mark.django_db(transaction=True)
def test_sql_migrations_backward_and_forward_on_rows():
    books.full_book()
    entries, balances = list(Entry.objects.order_by("pk").values()), list(Balance.objects.order_by("pk").values())
    for target in ("0003_posting", "0002_guards"):
        call_command("migrate", "ledger", target, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ledger_entry")
            assert cursor.fetchone() == (len(entries),)
    call_command("migrate", verbosity=0)
    call_command("database_roles", verbosity=0)
    assert list(Entry.objects.order_by("pk").values()) == entries
    assert list(Balance.objects.order_by("pk").values()) == balances
    assert invariants.run().clean
    books.receive("5")
    with pytest.raises(InsufficientAvailable):
        books.send("100000")
    assert invariants.run().clean


@pytest.mark.django_db(transaction=True)
def test_guards_come_off_and_on_again():
    """Down to the bare tables: triggers, functions, reference rows and the columns they need all go and come back."""
    books.receive("100")
    try:
        call_command("migrate", "ledger", "0001_initial", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'ledger\\_%'")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'ledger\\_%' AND NOT tgisinternal")
            assert cursor.fetchone() == (0,)
    finally:
        call_command("migrate", verbosity=0)
        call_command("database_roles", verbosity=0)
    assert books.balance(books.wallet()) == "100"
    checks = {finding.check for finding in invariants.run().findings}
    assert checks <= {"balances"}  # the account's clock was lost with its column
    call_command("rebuild_balances", verbosity=0)
    assert invariants.run().clean
