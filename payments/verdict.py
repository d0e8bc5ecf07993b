"""What became of one provider message: the answer of the services to `payments.intake`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`reason` is a stable word. A conflict is shown to people: `category` is the queue's, `object_ref` and
    `client_ref` say what it is about as far as that is known."""

    state: Literal["processed", "ignored", "conflict"]
    reason: str = ""
    category: str = "conflicting_event"
    object_ref: str = ""
    client_ref: str = ""
    amount: str = ""
    currency: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


PROCESSED = Verdict(state="processed")
IGNORED = Verdict(state="ignored")
