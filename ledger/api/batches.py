"""Batches by hand: many transactions of a caller at once, all or none or each for itself.

One unit of work with one event per transaction. What is wrong with an item, be it the shape of its body or the state of
an account, is found before anything is written, for all of them. How many round trips it takes to the database does not
depend on how many items there are.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger import posting
from ledger.api import by_hand, trail
from ledger.api.account_names import Names
from ledger.api.batch_shapes import Malformed
from ledger.api.by_hand import Given, below
from ledger.api.permissions import Acting
from ledger.database import unit_of_work
from ledger.errors import DomainError
from ledger.posting import Draft, Posted

Answers = Sequence[Posted | DomainError]
Drafting = tuple[list[Draft], dict[int, DomainError]]


def post(*, given: Sequence[Given | Malformed], partial: bool, actor: Acting, now: datetime) -> Answers:
    """Post many: all or none, or with `partial` what can be posted, one answer per item in their order.

    A reason that is not open to the caller is refused like anything else that is wrong with an item. All or none raises
    what `posting.post_batch` raises, with `errors`. Parameters name the item and its entry."""

    def work() -> Answers:
        drafts, refused = _drafts(given, actor, now)
        answers = _each(drafts, refused) if partial else _all_or_none(drafts, refused)
        trail.batch_moved(answers, drafts, actor=actor, now=now)
        return answers

    return unit_of_work(work)


def _drafts(given: Sequence[Given | Malformed], actor: Acting, now: datetime) -> Drafting:
    """The drafts, and what is wrong with them already; a bad one keeps its place and its chain."""
    names = Names()
    refused: dict[int, DomainError] = {}
    names.learn(_named(given))
    drafts: list[Draft] = []
    for index, item in enumerate(given):
        if isinstance(item, Malformed):
            refused[index] = item.error
            drafts.append(Draft(reason="", legs=[], chain=item.chain))
            continue
        try:
            by_hand.require_by_hand(item["reason"], actor)
            drafts.append(by_hand.draft_of(item, names, actor, now, alone=False))
        except DomainError as error:
            refused[index] = error
            drafts.append(Draft(reason=item["reason"], legs=[], chain=item.get("chain")))
    return drafts, refused


def _named(given: Sequence[Given | Malformed]) -> Iterator[tuple[str, str]]:
    """Every account that the items speak of, with its currency."""
    for item in given:
        if not isinstance(item, Malformed):
            for part in (*item["entries"], *item.get("conditions", ())):
                yield part["account"], part["currency"]


def _each(drafts: list[Draft], refused: dict[int, DomainError]) -> Answers:
    answers = posting.post_each(drafts, refused=refused)
    for index, answer in enumerate(answers):
        if isinstance(answer, DomainError):
            answer.param = below(f"transactions[{index}]", answer.param)
    return answers


def _all_or_none(drafts: list[Draft], refused: dict[int, DomainError]) -> Answers:
    try:
        return posting.post_batch(drafts, refused=refused)
    except DomainError as error:
        for bad in error.data.get("errors", []):
            path = f"transactions[{bad['index']}]"
            bad["param"] = below(path, bad["param"])
            if "more" in bad:
                bad["more"] = [(below(path, param), detail) for param, detail in bad["more"]]
        if "index" in error.data:
            error.param = below(f"transactions[{error.data['index']}]", error.param)
        raise
