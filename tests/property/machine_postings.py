"""Rules of the machine: what is posted at once, alone or in batches, under conditions, or converted."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property import reference_batches
from tests.property.chart import ADA_OWNS, NAMES
from tests.property.machine_words import (
    drafts,
    ends,
    keys,
    landings,
    legs,
    noons,
    pick,
    prices,
    small_legs,
    sources,
    wishes,
)
from tests.property.reference_rules import LIVE


class PostingRules:
    @rule(
        reason=st.sampled_from(["MANUAL_ADJUSTMENT"] * 4 + ["CLIENT_INTERNAL_TRANSFER", "CHARGEBACK"]),
        legs=legs(),
        key=keys,
        source=sources,
        pending=st.sampled_from([False, False, True]),
        end=ends,
        at=noons,
        lands=landings,
    )
    def post(self, reason, legs, key, source, pending, end=None, ends_on=(), at=None, lands=False):
        end = end if pending else None
        self.both("post", reason, legs, key, source, pending, end, ends_on, at=at, lands=at is not None and lands)

    @rule(legs=small_legs(), wished=wishes, key=keys, pending=st.booleans(), at=noons)
    def post_if(self, legs, wished, key=None, pending=False, at=None):
        """Only if an account has so much, or has not moved."""
        conditions = self.conditions(wished)
        self.both("post", "MANUAL_ADJUSTMENT", legs, key, None, pending, conditions=conditions, at=at)

    def conditions(self, wished):
        """What is there at the moment, and by how much a wish is off it."""
        found = []
        for name, kind, off in wished:
            account = self.model.accounts[name]
            there = account.seq if kind == "version" else account.balance - account.pending_out
            found.append((name, kind, max(there + off, 0) if kind == "version" else there + off))
        return found

    @rule(
        verb=st.sampled_from(["post_each", "post_each", "post_batch"]),
        words=st.lists(drafts(), min_size=1, max_size=5),
        apart=st.sampled_from([False, False, False, True]),
    )
    def batch(self, verb, words, apart=False):
        """Drafts and chains of them. Conditions say what is there before the batch, and meet what is there by then; a
        batch of all or none must list every draft that is refused."""
        for one in words:
            one["conditions"] = [
                each for each in self.conditions(one["conditions"]) if self.model.accounts[each[0]].kind in LIVE
            ]
        self.both(verb, words if apart else list(reference_batches.in_chains(words)))

    @rule(
        side=st.sampled_from(["sell", "buy"]),
        amount=st.sampled_from([1, 7, 100, 333, 1000]),
        pair=st.sampled_from([("EUR", "USD"), ("USD", "EUR")]),
        price=prices,
        bps=st.sampled_from([0, 50, 125, 1999]),
        key=keys,
        source=sources,
        pending=st.sampled_from([False, False, False, True]),
        at=noons,
    )
    def convert(self, side, amount, pair, price, bps, key=None, source=None, pending=False, at=None):
        self.both("convert", ADA_OWNS, side, amount, pair, price, bps, key, source, pending, at=at)

    @rule(
        name=st.sampled_from(NAMES), status=st.sampled_from(["open", "open", "frozen", "frozen", "closed"]), sure=pick
    )
    def status(self, name, status, sure):
        status = "frozen" if status == "closed" and sure % 4 else status
        self.both("set_status", name, status)
