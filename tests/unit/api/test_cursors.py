"""Cursors are sealed to their list; rates and fingerprints are read exactly."""

import pytest

from ledger.api import pages
from ledger.errors import IdempotencyKeyRequired, InvalidRequest
from payments.api.throttles import parsed
from payments.services import idempotency


def test_a_cursor_opens_in_its_own_list_only() -> None:
    sealed = pages.seal("/a", [True, [17]])
    assert pages.unseal("/a", sealed) == [True, [17]]
    for name, cursor in (("/b", sealed), ("/a", sealed + "x"), ("/a", "x"), ("/a", ""), ("/a", "é:é")):
        with pytest.raises(InvalidRequest) as refused:
            pages.unseal(name, cursor)
        assert refused.value.param == "cursor"


def test_rates() -> None:
    assert parsed("600/min") == (600, 60)
    assert parsed("5/s") == (5, 1)


@pytest.mark.parametrize("key", [None, "", "k" * 256, "a\nb", "\x7f"])
def test_keys_that_are_none(key: str | None) -> None:
    with pytest.raises(IdempotencyKeyRequired):
        idempotency.require_key(key)


def test_a_fingerprint_is_of_the_meaning_not_of_the_writing() -> None:
    one = idempotency.fingerprint_of("POST", "/a", b'{"a": 1, "b": [1, 2]}')
    assert one == idempotency.fingerprint_of("POST", "/a", b'{ "b":[1,2],"a":1 }')
    others = [
        idempotency.fingerprint_of("POST", "/a", b'{"a": 1, "b": [2, 1]}'),
        idempotency.fingerprint_of("POST", "/b", b'{"a": 1, "b": [1, 2]}'),
        idempotency.fingerprint_of("PUT", "/a", b'{"a": 1, "b": [1, 2]}'),
        idempotency.fingerprint_of("POST", "/a", b"not json"),
        idempotency.fingerprint_of("POST", "/a", b"[" * 100_000),
    ]
    assert len({one, *others}) == 6
