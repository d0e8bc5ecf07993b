"""What must be so for a posting to happen: an account has at least so much, or has not moved since the caller looked.

A condition is checked under the locks of the posting itself, so nothing can come between the look and the act. What it
looks at is the account just before the posting, reservations counted; in a batch, after the drafts before it. Only
accounts that keep a live balance can carry one. It says when to post, not what: a replay is answered without it.
"""

from dataclasses import dataclass
from decimal import Decimal

from ledger.accounts import AccountRef
from ledger.chart import KINDS
from ledger.errors import InvalidRequest
from ledger.money import Money


@dataclass(frozen=True)
class Condition:
    """One demand on one account: least available amount, or the version that the caller saw."""

    account: AccountRef
    available: Decimal | None = None
    version: int | None = None


def available_gte(account: AccountRef, amount: Decimal) -> Condition:
    """The account has at least `amount` (major units) available: its balance less what is on its way out.

    Money on its way in does not count, nor does a floor. Unmet, the posting is refused with ConditionNotMet. Raises
    InvalidRequest for a house account, InvalidAmount."""
    return Condition(_live(account), available=Money.of(amount, account.currency).amount)


def if_version(account: AccountRef, version: int) -> Condition:
    """The account is still at `version`, the number of its entries (`queries.balance_of(…).seq`).

    Every entry raises it, those of reservations and of their ends too. Otherwise the posting is refused with
    VersionConflict. Raises InvalidRequest for a house account or a version below zero."""
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 2**63:
        raise InvalidRequest("A version is a whole number, as the account's balance shows it.", param="conditions")
    return Condition(_live(account), version=version)


def _live(account: AccountRef) -> AccountRef:
    if not KINDS[account.kind].running:
        raise InvalidRequest(
            f"{account.code} keeps no live balance and no version, so that nobody waits for it: no conditions.",
            param="conditions",
        )
    return account
