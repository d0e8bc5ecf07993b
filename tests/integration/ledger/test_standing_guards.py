import pytest
from ledger.checks import guards
from ledger.checks.guards import standing, declared, expressions
pytestmark = [pytest.mark.django_db]
def test_clean():
    from django.db import connection
    print(connection.pg_version)
    for n, t in standing.rows(standing._VIEWS, standing.OUR_NAMES, []):
        print(n, t); print(expressions.loose(t)); print(declared.by_migrations().views[n])
    found = guards.find()
    for f in found: print(f)
    assert not found
