"""The words that tables may use: which verbs there are, what follows each of them, and what `with` may say.

A row is checked against them before anything runs; what has no meaning is an error. The acts themselves are elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger import reasons
from ledger.errors import DomainError
from ledger.models import Hold
from tests.scenarios import acts
from tests.scenarios.acts import Answer, Books
from tests.scenarios.cells import TableError
from tests.scenarios.reading import Scenario, Step


def codes(cause: type[DomainError]) -> set[str]:
    return {cause.code}.union(*(codes(each) for each in cause.__subclasses__()))


CODES = codes(DomainError)


@dataclass(frozen=True)
class Verb:
    """How a verb is written: the words after it, its entries, and what `with` may say."""

    run: Callable[[Books, Step], Answer]
    words: str = ""  # made, hold, kind, account, reason (may be left out)
    entries: str = "none"  # none, one, many
    amount: str = "no"  # no, may, must
    options: frozenset[str] = frozenset()


NAMES = frozenset({"key", "source", "at", "note"})
ONCE = frozenset({"key", "source", "note"})  # holds happen now

VERBS = {
    "post": Verb(acts.post, "reason", "many", "must", NAMES | {"undoes"}),
    "reserve": Verb(acts.reserve, "reason", "many", "must", NAMES | {"expires"}),
    "settle": Verb(acts.settle, "made", "none", "may", NAMES | {"in"}),
    "void": Verb(acts.void, "made", options=NAMES),
    "reverse": Verb(acts.reverse, "made", options=NAMES),
    "hold": Verb(acts.hold, "kind", "one", "must", ONCE | {"expires", "because"}),
    "capture": Verb(acts.capture, "hold reason", "one", "may", ONCE),
    "release": Verb(acts.release, "hold", options=ONCE),
    "expire": Verb(acts.expire, options=frozenset({"at"})),
    "freeze": Verb(acts.set_status("frozen"), "account"),
    "unfreeze": Verb(acts.set_status("open"), "account"),
    "close": Verb(acts.set_status("closed"), "account"),
    "batch": Verb(acts.batch),
    "look": Verb(acts.look, options=frozenset({"effective", "known"})),
}


SLOTS = {
    "made": "the name of a row above",
    "hold": "the name of a hold above",
    "kind": "a kind of hold",
    "account": "an account",
    "reason": "a reason code",
}


def check(scenario: Scenario) -> None:
    """Refuse rows whose words mean nothing, before the first of them runs. Raises TableError."""
    made: dict[str, str] = {}
    for step in scenario.steps:
        if any(item.verb != "post" for item in step.items):
            raise TableError(step.place, "the items of a batch are posted")
        for each in [*step.items, step]:
            spelling(scenario, each, made)
            if each.name:
                if each.name in made:
                    raise TableError(each.place, f"{each.name!r} has been made above")
                made[each.name] = each.verb
        if step.verb == "batch" and not step.items:
            raise TableError(step.place, "a batch has items below it")
        if unknown := step.states.keys() - made.keys():
            raise TableError(step.place, f"no row above has made {sorted(unknown)[0]!r}")
        if step.outcome not in {"posted", "replayed", "done", *CODES}:
            raise TableError(step.place, f"{step.outcome!r} is not the code of a refusal")
        if step.outcome == "posted" and not step.balances:
            raise TableError(step.place, "what is posted changes a balance")


def spelling(scenario: Scenario, step: Step, made: dict[str, str]) -> None:
    verb = VERBS.get(step.verb)
    if verb is None:
        raise TableError(step.place, f"unknown verb {step.verb!r}; there are {', '.join(VERBS)}")
    if unknown := step.options.keys() - verb.options:
        raise TableError(step.place, f"{step.verb} knows nothing `with` {sorted(unknown)[0]!r}")
    if empty := [word for word, value in step.options.items() if not value]:
        raise TableError(step.place, f"`{empty[0]}` says nothing")
    named = [bool(line.debit or line.credit) for line in step.legs]
    if verb.entries == "none" and any(named):
        raise TableError(step.place, f"{step.verb} has no accounts of its own")
    if verb.entries != "none" and (not all(named) or not named or (verb.entries == "one" and len(named) > 1)):
        raise TableError(step.place, f"{step.verb} has {verb.entries} `debit → credit`")
    amounts = [line.amount is not None for line in step.legs]
    if verb.amount == "no" and any(amounts):
        raise TableError(step.place, f"{step.verb} has no amount")
    if verb.amount == "must" and not all(amounts):
        raise TableError(step.place, f"{step.verb} has an amount in each of its rows")
    meanings(scenario, step, verb.words.split(), made)


def meanings(scenario: Scenario, step: Step, slots: list[str], made: dict[str, str]) -> None:
    """Each word after a verb must mean something: an account, a row above, a kind of hold, a reason code."""
    words = list(step.words)
    for slot in slots:
        known = {
            "made": made.keys(),
            "hold": {name for name, verb in made.items() if verb == "hold"},
            "kind": set(Hold.Kind.values),
            "account": scenario.accounts.keys(),
            "reason": reasons.REASONS.keys(),
        }[slot]
        if not words and slot == "reason":
            continue
        if not words or words.pop(0) not in known:
            raise TableError(step.place, f"{step.verb} is followed by {SLOTS[slot]}")
    for option in ("undoes", "known"):
        if option in step.options and step.options[option] not in made:
            raise TableError(step.place, f"no row above has made {step.options[option]!r}")
    if words:
        raise TableError(step.place, f"{step.verb} has no use for {words[0]!r}")
