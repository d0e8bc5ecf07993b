"""Which command runs with which rights, and which ones start servers."""

import pytest

import manage


@pytest.mark.parametrize("command", ["check", "spectacular", "--help", "help", "simulate"])
def test_commands_that_only_read_code_start_nothing(command: str):
    assert not manage._needs_servers(command, ["manage.py", command])


@pytest.mark.parametrize("command", ["migrate", "verify_ledger", "shell", "seed_demo"])
def test_all_others_have_servers(command: str):
    assert manage._needs_servers(command, ["manage.py", command])
    assert not manage._needs_servers(command, ["manage.py", command, "--help"])


def test_money_commands_never_run_as_the_owner_of_the_tables():
    assert not manage.AS_OWNER & {"seed_demo", "import_statement", "reconcile", "create_api_key", "shell"}
    assert {"migrate", "makemigrations", "database_roles"} <= manage.AS_OWNER
