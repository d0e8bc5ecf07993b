"""The comparison of the two ledgers can fail: a ledger that forgets one of its rules is found by a short history."""

from dataclasses import replace

import pytest

from ledger.errors import NotFound
from ledger.models import Transaction
from tests.property.answers import played
from tests.property.machine import Ledgers


def forgets_conditions(real):
    post = real.post

    def instead(*words, conditions=(), **named):
        return post(*words, **named)

    return {"post": instead}


def breaks_no_chain(real):
    draft = real.draft
    return {"draft": lambda words: replace(draft(words), chain=None)}


def closes_nothing(real):
    return {"close": lambda label: None}


def lets_everything_land(real):
    when = real.when
    return {"when": lambda at, lands: when(at, lands=True)}


def knows_only_now(real):
    return {"when": lambda at, lands: {}}


def takes_no_spread(real):
    convert = real.convert
    return {
        "convert": lambda wallet, side, amount, pair, price, bps, *rest, **named: convert(
            wallet, side, amount, pair, price, 0, *rest, **named
        )
    }


def gives_no_time(real):
    return {"extend_hold": lambda hold, end: True}


def reverses_in_full(real):
    reverse = real.reverse

    def instead(*words, entries=None, **named):
        return reverse(*words, **named)

    return {"reverse": instead}


def leaves_holds_alone(real):
    return {"expire_holds": lambda: 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spoil",
    [
        forgets_conditions,
        breaks_no_chain,
        closes_nothing,
        lets_everything_land,
        knows_only_now,
        takes_no_spread,
        gives_no_time,
        reverses_in_full,
        leaves_holds_alone,
    ],
)
def test_a_ledger_that_does_otherwise_is_found(spoil):
    class Spoiled(Ledgers):
        def opened(self):
            real = super().opened()
            for verb, instead in spoil(real).items():
                setattr(real, verb, instead)
            return real

    with pytest.raises((AssertionError, NotFound, Transaction.DoesNotExist)):
        played(Spoiled())
