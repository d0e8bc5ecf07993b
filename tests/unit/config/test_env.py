"""The environment is read once, typed, and a bad value is refused by the name of its variable."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment, broker_url, cache_url

URL = "postgresql://wherewithal_app:s%40fe@db:5433/books?sslmode=require"


def test_a_missing_variable_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY"):
        Environment({}).text("SECRET_KEY")


def test_an_empty_variable_counts_as_missing():
    assert Environment({"BASE_URL": ""}).text("BASE_URL", "http://here") == "http://here"


def test_a_secret_may_stand_in_a_file(tmp_path: Path):
    (tmp_path / "key").write_text("from-a-file\n")
    assert Environment({"SECRET_KEY_FILE": str(tmp_path / "key")}).text("SECRET_KEY") == "from-a-file"


def test_a_secret_file_that_is_missing_is_refused_and_not_defaulted():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE cannot be read"):
        Environment({"SECRET_KEY_FILE": "/nowhere/key"}).text("SECRET_KEY", "default")


def test_a_secret_that_begins_with_a_dollar_is_not_a_reference():
    assert Environment({"SECRET_KEY": "$HOME", "HOME": "/root"}).text("SECRET_KEY") == "$HOME"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)])
def test_flags(text: str, value: bool):
    assert Environment({"DEBUG": text}).flag("DEBUG", True) is value


@pytest.mark.parametrize("text", ["maybe", "2", "tru"])
def test_a_flag_that_is_neither_is_refused(text: str):
    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        Environment({"DEBUG": text}).flag("DEBUG")


@pytest.mark.parametrize("text", ["eighty", "8000.5", "-1", "0", "70000"])
def test_a_number_outside_its_range_is_refused(text: str):
    with pytest.raises(ImproperlyConfigured, match="PORT"):
        Environment({"PORT": text}).number("PORT", 8000, least=1, most=65535)


def test_words_drop_blanks():
    assert Environment({"ALLOWED_HOSTS": " a.test, ,b.test "}).words("ALLOWED_HOSTS") == ["a.test", "b.test"]


def test_a_database_url_becomes_settings_with_its_password_decoded():
    found = Environment({"DATABASE_URL": URL}).database("app")
    assert (found["NAME"], found["USER"], found["PASSWORD"]) == ("books", "wherewithal_app", "s@fe")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("db", 5433, {"sslmode": "require"})


def test_the_owner_has_a_url_of_its_own_and_falls_back_to_the_apps():
    owner = "postgresql://wherewithal_owner@db/books"
    assert Environment({"DATABASE_URL": URL, "DATABASE_OWNER_URL": owner}).database("owner")["USER"] == (
        "wherewithal_owner"
    )
    assert Environment({"DATABASE_URL": URL}).database("owner")["USER"] == "wherewithal_app"


@pytest.mark.parametrize("url", ["sqlite:///books.db", "mysql://a@b/c", "books"])
def test_no_other_database_is_accepted(url: str):
    with pytest.raises(ImproperlyConfigured, match="postgresql://"):
        Environment({"DATABASE_URL": url}).database("app")


def test_an_unknown_role_is_refused():
    with pytest.raises(ImproperlyConfigured, match="DATABASE_ROLE"):
        Environment({"DATABASE_URL": URL}).database("root")


def test_broker_and_cache_spell_one_server_differently():
    assert broker_url("unix:///run/v.sock?db=0") == "redis+socket:///run/v.sock"
    assert cache_url("unix:///run/v.sock?db=0") == "unix:///run/v.sock?db=1"
    assert broker_url("redis://cache:6379/0") == "redis://cache:6379/0"
    assert cache_url("rediss://u:p@cache:6379/0") == "rediss://u:p@cache:6379/1"
