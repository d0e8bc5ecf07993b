"""How a line of somebody else's is recognised as a movement of ours: pure functions over frozen facts.

Strength order: (1) our own reference, (2) the provider's reference, (3) sender's account or name, (4) amount in a time
window. Tiers 1 and 2 with equal amount may match by themselves; 3 and 4 only propose, and a person decides. Every
proposal says which fields agree and which differ.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from ledger.money import Money

# Words in free text that can be a reference: ours (wd_…, dep_…, WWE…), a provider's (po_…, ch_…).
_TOKENS = re.compile(r"[A-Za-z]{2,4}_[0-9A-Za-z]{6,40}|WW[A-Z][0-9A-Z]{20,33}")
WINDOW_DAYS = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """One external record as the rules see it; `money` is signed, positive came to us."""

    money: Money
    end_to_end_id: str = ""
    is_return: bool = False
    text: str = ""
    name: str = ""
    iban: str = ""
    on: date | None = None

    @property
    def tokens(self) -> frozenset[str]:
        return frozenset(_TOKENS.findall(self.text))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One movement of ours that a line could be; `money` is what the line would have to say."""

    kind: str  # withdrawal | withdrawal_return | psp_payout | client
    ref: str
    money: Money | None = None
    end_to_end_id: str = ""
    provider_reference: str = ""
    name: str = ""
    ibans: tuple[str, ...] = ()
    on: date | None = None


@dataclass(frozen=True)
class Proposal:
    """A candidate with the rule that found it. `score` is 0 to 100."""

    candidate: Candidate
    rule: str
    tier: int
    score: int
    agrees: tuple[str, ...] = ()
    differs: tuple[str, ...] = field(default=())

    @property
    def automatic(self) -> bool:
        """May match without a person: an exact reference and exactly the same money."""
        return self.tier <= 2 and not self.differs


Rule = Callable[[Line, Candidate], Proposal | None]


def our_reference(line: Line, candidate: Candidate) -> Proposal | None:
    """The line carries the end-to-end id that we gave the payment."""
    wanted = candidate.end_to_end_id
    if not wanted or wanted not in {line.end_to_end_id, *line.tokens}:
        return None
    if (candidate.kind == "withdrawal_return") != (line.is_return or line.money.amount > 0):
        return None
    return _with_money(line, candidate, "our_reference", 1, "reference")


def provider_reference(line: Line, candidate: Candidate) -> Proposal | None:
    """The line's text carries the provider's own id of the payout."""
    if not candidate.provider_reference or candidate.provider_reference not in line.tokens:
        return None
    return _with_money(line, candidate, "provider_reference", 2, "provider reference")


def sender(line: Line, candidate: Candidate) -> Proposal | None:
    """The sender's account is one that the client has used, or the name has the same words."""
    if candidate.kind != "client":
        return None
    agrees = []
    if line.iban and line.iban in candidate.ibans:
        agrees.append("sender's account")
    if words(line.name) and words(line.name) == words(candidate.name):
        agrees.append("sender's name")
    if not agrees:
        return None
    return Proposal(candidate, "sender", 3, 60 + 15 * len(agrees), tuple(agrees))


def amount_in_window(line: Line, candidate: Candidate) -> Proposal | None:
    """Only the amount agrees, within a few days: a hint for a person, no more."""
    if candidate.money is None or candidate.money != line.money or not (line.on and candidate.on):
        return None
    days = abs((line.on - candidate.on).days)
    if days > WINDOW_DAYS:
        return None
    return Proposal(candidate, "amount_in_window", 4, 40 - 5 * days, ("amount", "currency"))


RULES: tuple[Rule, ...] = (our_reference, provider_reference, sender, amount_in_window)


def propose(line: Line, candidates: Iterable[Candidate]) -> list[Proposal]:
    """All proposals for a line, best first; one per candidate, by its strongest rule."""
    proposals = []
    for candidate in candidates:
        found = next((p for rule in RULES if (p := rule(line, candidate)) is not None), None)
        if found is not None:
            proposals.append(found)
    return sorted(proposals, key=lambda p: (p.tier, bool(p.differs), -p.score, p.candidate.ref))


def automatic(proposals: list[Proposal]) -> Proposal | None:
    """The one proposal that may match by itself; None when there is none, when two claim the line equally, or when a
    stronger reference in the same line says something else."""
    certain = [proposal for proposal in proposals if proposal.automatic]
    if not certain or (len(certain) > 1 and certain[0].tier == certain[1].tier):
        return None
    contradicted = any(proposal.tier < certain[0].tier for proposal in proposals)
    return None if contradicted else certain[0]


def words(name: str) -> frozenset[str]:
    """The words of a name, for comparison whatever their order and case."""
    return frozenset("".join(c if c.isalnum() else " " for c in name.casefold()).split())


def _with_money(line: Line, candidate: Candidate, rule: str, tier: int, what: str) -> Proposal:
    if candidate.money == line.money:
        return Proposal(candidate, rule, tier, 100, (what, "amount", "currency"))
    same_currency = candidate.money is not None and candidate.money.currency == line.money.currency
    differs = ("amount",) if same_currency else ("currency",)
    return Proposal(candidate, rule, tier, 70, (what,), differs)
