"""API keys: a stolen database opens nothing, and a key is dead the moment anyone says so."""

import re
import time
from datetime import timedelta
from io import StringIO
from statistics import median
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger.errors import AuthenticationFailed, DomainError, Forbidden, InvalidRequest, NotFound, PolicyRefused
from ledger.models import Event
from payments.models import ApiKey, User
from payments.services import api_keys
from tests.factories import people
from tests.factories.outside import calls_inside_transactions
from tests.factories.people import NOW
from tests.factories.refusals import refused, unchanged

__all__ = ["calls_inside_transactions"]

pytestmark = pytest.mark.django_db(transaction=True)


def make(role: str = "payments_ops", *, owner: User | None = None, **options: Any) -> tuple[ApiKey, str]:
    options = {"name": "robot", "now": NOW} | options
    options["actor"] = options.get("actor") or people.staff("administrator")
    return api_keys.create(role=role, owner=owner, **options)


def test_a_key_is_recognised_and_acts_for_the_person_who_answers_for_it(transactional_db: None) -> None:
    person = people.user("payments_ops")
    key, secret = make(owner=person)
    assert re.fullmatch(r"ww_[a-z2-9]{8}_[A-Za-z0-9_-]{43}", secret), "256 bits"
    found = api_keys.recognise(secret, now=NOW)
    assert (found.pk, found.last_used_at) == (key.pk, None)
    assert ApiKey.objects.get().last_used_at == NOW
    actor = api_keys.actor_of(found, ip="192.0.2.1", device="crm", request_id="r1")
    assert (actor.id, actor.person, actor.roles) == (key.public_id, person.public_id, frozenset({"payments_ops"}))
    assert (actor.ip, actor.device, actor.request_id) == ("192.0.2.1", "crm", "r1")
    nobodys, _ = make()
    assert api_keys.actor_of(nobodys, ip=None, device="", request_id="").person == nobodys.public_id
    assert Event.objects.filter(type="api_key.created").count() == 2


def test_being_used_is_written_once_a_minute_not_at_every_request(transactional_db: None) -> None:
    _, secret = make()
    api_keys.recognise(secret, now=NOW)
    unchanged(lambda: api_keys.recognise(secret, now=NOW + timedelta(seconds=60)))
    api_keys.recognise(secret, now=NOW + timedelta(seconds=61))
    assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=61)


def test_a_stolen_database_opens_nothing(transactional_db: None, settings: Any) -> None:
    key, secret = make()
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret.rsplit("_", 1)[-1] not in str(row)
    assert secret.removeprefix(f"ww_{key.prefix}_") not in str(row), "nothing in the row is the secret"
    for stolen in (row["secret_hash"], row["prefix"], str(row["pepper_version"]), ""):
        refused(AuthenticationFailed, lambda stolen=stolen: api_keys.recognise(f"ww_{key.prefix}_{stolen}", now=NOW))
    settings.API_KEY_PEPPERS = ["what a thief without our pepper would guess"]
    refused(AuthenticationFailed, lambda: api_keys.recognise(secret, now=NOW))


def test_a_new_pepper_leaves_old_keys_working_until_theirs_is_taken_out(transactional_db: None, settings: Any) -> None:
    settings.API_KEY_PEPPERS = ["the first pepper"]
    _, old = make()
    settings.API_KEY_PEPPERS = ["the first pepper", "the second pepper"]
    _, new = make()
    for secret in (old, new):
        api_keys.recognise(secret, now=NOW)
    settings.API_KEY_PEPPERS = ["the second pepper", "the first pepper"]
    for secret in (old, new):
        api_keys.recognise(secret, now=NOW)
    settings.API_KEY_PEPPERS = ["the second pepper"]
    api_keys.recognise(new, now=NOW)
    refused(AuthenticationFailed, lambda: api_keys.recognise(old, now=NOW))


def test_a_key_dies_when_it_is_revoked_expires_or_its_owner_is_shut_out(transactional_db: None) -> None:
    admin = people.staff("administrator")
    key, secret = make()
    api_keys.revoke(key_id=key.pk, actor=admin, now=NOW)
    refused(AuthenticationFailed, lambda: api_keys.recognise(secret, now=NOW))
    unchanged(lambda: api_keys.revoke(key_id=key.pk, actor=admin, now=NOW + timedelta(days=1)))
    assert Event.objects.filter(type="api_key.revoked", object_ref=key.public_id).count() == 1

    _, ends = make(expires_at=NOW + timedelta(hours=1))
    api_keys.recognise(ends, now=NOW + timedelta(minutes=59))
    refused(AuthenticationFailed, lambda: api_keys.recognise(ends, now=NOW + timedelta(hours=1)))

    person = people.user("support")
    _, owned = make("support", owner=person)
    api_keys.recognise(owned, now=NOW)
    person.is_active = False
    person.save()
    refused(AuthenticationFailed, lambda: api_keys.recognise(owned, now=NOW))


STRANGE = (
    "", "ww", "ww_", "ww__", "ww_abc", "ww_abcdefgh_", "xx_abcdefgh_secret", "ww_abcdefgh_sec ret", "\0", "ww_\0_x",
    "ww_abc\0efgh_secret", "wẅ_abcdefgh_secret", "ww_абвгдежз_secret", "ww_abcdefgh_\ud800", "ww_" + "a" * 10_000,
    "ww_abcdefgh_" + "x" * 10_000, "ww_abcdefgh_secret\n", "' OR 1=1 --", "ww_%_%",
)  # fmt: skip


def test_every_refusal_is_said_in_the_same_words(transactional_db: None) -> None:
    key, secret = make()
    words = set()
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for text in (*STRANGE, wrong, f"ww_{key.prefix}_" + "x" * 43, f"ww_aaaaaaaa_{secret[-43:]}", secret.upper()):
        error = refused(AuthenticationFailed, lambda text=text: api_keys.recognise(text, now=NOW))
        words.add((error.detail, error.param, str(error.data)))
    assert len(words) == 1


def test_an_unknown_prefix_takes_as_long_as_a_wrong_secret(transactional_db: None) -> None:
    key, _ = make()

    def takes(text: str) -> float:
        started = time.perf_counter()
        with pytest.raises(AuthenticationFailed):
            api_keys.recognise(text, now=NOW)
        return time.perf_counter() - started

    known, unknown = [], []
    for _ in range(60):
        known.append(takes(f"ww_{key.prefix}_" + "x" * 43))
        unknown.append(takes("ww_aaaaaaaa_" + "x" * 43))
    assert 1 / 3 < median(known) / median(unknown) < 3


def test_only_an_administrator_makes_and_ends_keys_and_only_sensible_ones(transactional_db: None) -> None:
    key, _ = make()
    admin = people.staff("administrator")
    for role in ("support", "payments_ops", "finance_approver", "compliance", "auditor"):
        other = people.staff(role)
        refused(Forbidden, lambda other=other: make(actor=other))
        refused(Forbidden, lambda other=other: api_keys.revoke(key_id=key.pk, actor=other, now=NOW))
    refused(NotFound, lambda: api_keys.revoke(key_id=key.pk + 999, actor=admin, now=NOW))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW - timedelta(days=1)}, "expires_at"),
    ]  # fmt: skip
    for options, param in wrong:
        assert refused(InvalidRequest, lambda options=options: make(actor=admin, **options)).param == param
    for role in ("client", "superuser", ""):
        assert refused(InvalidRequest, lambda role=role: make(role, actor=admin)).param == "role"


def test_a_key_never_joins_two_roles_that_one_person_must_not_hold(transactional_db: None) -> None:
    admin, ops = people.staff("administrator"), people.user("payments_ops")
    for role in ("finance_approver", "compliance", "administrator"):
        assert refused(PolicyRefused, lambda role=role: make(role, owner=ops, actor=admin)).param == "owner"
    himself = User.objects.get(pk=int(people.user("administrator").pk))
    refused(PolicyRefused, lambda: make("payments_ops", owner=himself, actor=admin))
    ops.is_active = False
    ops.save()
    assert refused(InvalidRequest, lambda: make(owner=ops, actor=admin)).param == "owner"


def command(*words: str) -> str:
    out = StringIO()
    call_command("create_api_key", *words, stdout=out)
    return out.getvalue().strip()


def test_the_command_prints_the_secret_once_and_refuses_in_words(transactional_db: None) -> None:
    person = people.user("payments_ops", email="ops@example.test")
    assert api_keys.recognise(command("robot", "--role", "auditor"), now=NOW).owner is None
    owned = api_keys.recognise(command("robot", "--role", "payments_ops", "--owner", "OPS@example.test"), now=NOW)
    assert owned.owner == person
    for words, message in (
        (("robot", "--role", "boss"), "A key's role is one of"),
        (("", "--role", "auditor"), "1 to 80"),
        (("robot", "--role", "auditor", "--owner", "nobody@example.test"), "no user"),
        (("robot", "--role", "finance_approver", "--owner", "ops@example.test"), "must not be both"),
    ):
        with pytest.raises(CommandError, match=message):
            unchanged(lambda words=words: command(*words))
    assert ApiKey.objects.count() == 2


def test_a_refusal_is_never_a_programming_error(transactional_db: None) -> None:
    for text in STRANGE:
        with pytest.raises(DomainError):
            api_keys.recognise(text, now=NOW)
