"""What an act takes a part of: the entries of the transaction that is settled or reversed, as a caller speaks of them.

A wrong part is refused here by naming the entry and what is expected; a part that is too large is refused by the
database, and here it gets the words and figures that say what is left. Reads once, before the act; writes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ledger.errors import DomainError, EntriesMirrored, NotDivisible, NotInOriginal, OverCapture, OverReversal
from ledger.models import Entry, Transaction
from ledger.money import Money
from ledger.posting import Leg

_PAST = {"debit": "debited", "credit": "credited"}


class Original:
    """The accounts of a transaction's entries in one layer, and the sides on which they stand."""

    def __init__(self, found: Transaction, layer: Entry.Layer) -> None:
        self.public_id = found.public_id
        self.currencies: set[str] = set()
        self._accounts: dict[int, tuple[str, str]] = {}
        self._sides: dict[int, set[str]] = {}
        rows = Entry.objects.filter(transaction=found).order_by("leg")
        for account, code, currency, amount, at in rows.values_list(
            "account_id", "account__code", "currency", "amount", "layer"
        ):
            self.currencies.add(currency)
            self._accounts[account] = (code, currency)
            if at == layer:
                self._sides.setdefault(account, set()).add("credit" if amount > 0 else "debit")

    def require_entries(self, legs: Sequence[Leg] | None) -> None:
        """Raise NotInOriginal or EntriesMirrored, naming the first entry that does not stand in it like that."""
        for index, leg in enumerate(legs or () if self._sides else ()):
            code, currency = leg.account.code, leg.account.currency
            sides = self._sides.get(leg.account.id)
            given = "credit" if leg.amount > 0 else "debit"
            if sides is None:
                raise NotInOriginal(
                    f"{self.public_id} has no entry of {code} in {currency}.",
                    param=f"entries[{index}].account",
                    account=code,
                    currency=currency,
                )
            if given not in sides:
                stands = next(iter(sides))
                raise EntriesMirrored(
                    f"{self.public_id} {_PAST[stands]} {code}: give this entry as a {stands}, as it stands there; "
                    "a reversal turns it round by itself.",
                    param=f"entries[{index}].direction",
                    account=code,
                    direction=stands,
                )

    @contextmanager
    def explained(self, part: Money | None, legs: Sequence[Leg] | None) -> Iterator[None]:
        """Around the act that takes this part: a refusal for too much says of what, and how much of it is left."""
        try:
            yield
        except (OverCapture, OverReversal, NotDivisible) as error:
            account = self._accounts.get(error.data.pop("account_id", None) or 0)
            if account is not None:
                error.data.update(account=account[0], currency=account[1])
            elif part is not None:
                error.data["currency"] = part.currency
            say_what_is_left(error, param="amount" if part else "entries" if legs else None)
            raise


def say_what_is_left(error: DomainError, *, param: str | None) -> None:
    """Word a refusal for too large a part from its facts, where they tell it. `param`: what named the part."""
    facts = error.data
    if isinstance(error, NotDivisible) or not {"remaining", "wanted", "currency"} <= set(facts):
        return
    left, wanted = (Money.of(facts[name], facts["currency"]) for name in ("remaining", "wanted"))
    of = f" of {facts['account']}" if "account" in facts else ""
    error.detail = f"{left}{of} is left, {wanted} was asked for."
    if left.amount and param:
        error.detail += f" Leave the {param} out to take all that is left."
    error.param = error.param or param
