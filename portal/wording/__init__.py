"""What clients read about their money: one entry per noun and state, complete for every state that can exist.

The words are data; `portal.queries.lines` fills in the amounts and times. A client never reads an internal state, a
provider's code or a staff note here.
"""

from portal.wording.conversions import CONVERSION
from portal.wording.deposits import DEPOSIT
from portal.wording.entries import ENTRY
from portal.wording.holds import HOLD
from portal.wording.reversals import DISPUTE, REFUND
from portal.wording.shape import Noun, Tone, Wording
from portal.wording.transfers import TRADING_DAY, TRANSFER
from portal.wording.withdrawals import WITHDRAWAL

NOUNS: dict[str, Noun] = {
    noun.name: noun for noun in (DEPOSIT, WITHDRAWAL, TRANSFER, CONVERSION, REFUND, DISPUTE, HOLD, ENTRY, TRADING_DAY)
}

__all__ = ["NOUNS", "Noun", "Tone", "Wording", "of", "states_in"]


def of(noun: str, state: str) -> Wording:
    """The words for a state. Raises KeyError for one that nobody has worded: tests keep that from happening."""
    return NOUNS[noun].states[state]


def states_in(noun: str, wanted: str) -> tuple[str, ...]:
    """The states of a noun that a filter means: a group ("open", "done", "stopped", "yours") or a state by name."""
    return tuple(state for state, words in NOUNS[noun].states.items() if wanted in (state, *words.groups))
