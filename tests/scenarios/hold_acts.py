"""The verbs of holds: placed, captured, released."""

from ledger import holds
from tests.scenarios.books import Answer, Books, answer, end_of, named, reason_of
from tests.scenarios.reading import Step


def hold(books: Books, step: Step) -> Answer:
    placed = holds.place(
        wallet=books.refs[step.legs[0].debit],
        amount=step.amount,
        kind=step.words[0],
        reason=step.options.get("because", "asked for"),
        actor="scenario",
        **named(step),
        **end_of(step),
    )
    return answer(placed.posted, hold=placed.hold_id)


def capture(books: Books, step: Step) -> Answer:
    return answer(
        holds.capture(
            hold_id=books.made[step.words[0]].hold,
            to=books.refs[step.legs[0].credit],
            reason=reason_of(step, "WITHDRAWAL_PAYOUT"),
            amount=step.amount,
            **named(step),
        )
    )


def release(books: Books, step: Step) -> Answer:
    return answer(holds.release(hold_id=books.made[step.words[0]].hold, amount=step.amount, **named(step)))
