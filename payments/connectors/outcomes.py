"""The only three answers an outside system can give.

Everything that leaves through `payments.dispatch` comes back as one of these. *Accepted* and *Rejected* are
definite; *InDoubt* is a fact of its own, never a failure: it is stored, it has an owner and a clock, and it is
resolved by asking the other side, never by sending again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The other side did it and gave its own reference."""

    reference: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The other side definitely did not do it, or the request provably never left us."""

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """Bytes may have left us and no clear answer came back: it may have happened."""

    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Outcome = Accepted | Rejected | InDoubt
