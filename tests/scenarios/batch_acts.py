"""The verb of batches: all or none, each for itself, and chains of items that stand or fall together."""

from collections.abc import Sequence

from ledger import posting
from ledger.errors import DomainError
from ledger.posting import Leg, Posted
from tests.scenarios.books import Answer, Books, answer, conditions_of, end_of, legs_of, named, reason_of, refusal, same
from tests.scenarios.cells import Disagreement
from tests.scenarios.reading import Step


def batch(books: Books, step: Step) -> Answer:
    """All or none; with `each`, each item for itself."""
    drafts, refused = drafts_of(books, step)
    if step.words:
        return items_said(books, step, posting.post_each(drafts, refused=refused))
    try:
        return items_said(books, step, posting.post_batch(drafts, refused=refused))
    except DomainError as error:
        wrong = {fact["index"]: Answer(fact["code"], fact) for fact in error.data.get("errors", ())}
        for index, item in enumerate(step.items):
            compare_item(books, item, wrong.get(index, Answer("")))
        raise


def drafts_of(books: Books, step: Step) -> tuple[list[posting.Draft], dict[int, DomainError]]:
    """The items of a batch, and those that are no draft at all, by their index."""
    drafts, refused = [], {}
    for index, item in enumerate(step.items):
        legs: list[Leg] = []
        try:
            legs = legs_of(books, item)
        except DomainError as error:
            refused[index] = error
        words = {**named(item), **conditions_of(books, item), **end_of(item), "pending": item.verb == "reserve"}
        drafts.append(posting.Draft(reason=reason_of(item), legs=legs, chain=item.options.get("chain"), **words))
    return drafts, refused


def items_said(books: Books, step: Step, answers: Sequence[Posted | DomainError]) -> Answer:
    fresh = 0
    for item, found in zip(step.items, answers, strict=True):
        said = refusal(found) if isinstance(found, DomainError) else answer(found)
        compare_item(books, item, said)
        fresh += said.written
        if item.name and said.made:
            books.made[item.name] = said.made
    return Answer("posted" if fresh else "replayed" if not step.words else "done", written=fresh, changes=bool(fresh))


def compare_item(books: Books, item: Step, said: Answer) -> None:
    agreed = all(same(books, fact, said.facts.get(word)) for word, fact in item.facts.items())
    if said.outcome != item.outcome or not agreed:
        raise Disagreement(
            item.place, f"expected {item.outcome or 'nothing'}, the ledger says {said.outcome} {said.facts}"
        )
