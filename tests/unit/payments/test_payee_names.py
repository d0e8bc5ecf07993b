"""When two spellings are one name: what decides whether a payee is the client himself."""

import pytest

from payments.services import payment_methods


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Dana Demo", "DEMO, Dana", True),
        ("José Ñandú", "jose nandu", True),
        ("Weiß Müller", "WEISS MÜLLER", True),
        ("Dana Demo", "Dana Demos", False),
        ("Dana Demo", "Dana", False),
        ("", "", False),
        (".", ",", False),
    ],
)
def test_two_spellings_of_a_name(one: str, other: str, same: bool) -> None:
    assert payment_methods.same_name(one, other) == same
