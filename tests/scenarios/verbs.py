"""The words that tables may use: which verbs there are, what follows each of them, and what `with` may say.

A row is checked against them before anything runs; what has no meaning is an error. The acts themselves are elsewhere.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ledger import reasons
from ledger.errors import DomainError
from ledger.models import Hold
from ledger.money import CURRENCIES
from tests.scenarios import batch_acts, fx_acts, hold_acts, period_acts, posting_acts
from tests.scenarios.books import Answer, Books
from tests.scenarios.cells import AMOUNT, TableError
from tests.scenarios.reading import Scenario, Step


def codes(cause: type[DomainError]) -> set[str]:
    return {cause.code}.union(*(codes(each) for each in cause.__subclasses__()))


CODES = codes(DomainError)
MAKE = {"posted", "replayed", "done"}
STATELESS = {"quote", "statement"}


@dataclass(frozen=True)
class Verb:
    """How a verb is written: the words after it, its entries, and what `with` may say."""

    run: Callable[[Books, Step], Answer]
    words: str = ""  # what may follow it: see SLOTS
    entries: str = "none"  # none, one, many, may
    amount: str = "no"  # no, may, must
    options: frozenset[str] = frozenset()


NAMES = frozenset({"key", "source", "at", "note"})
CONDITIONS = frozenset({"available_gte", "if_version"})
ONCE = frozenset({"key", "source", "note"})  # holds happen now

VERBS = {
    "post": Verb(posting_acts.post, "reason", "many", "must", NAMES | CONDITIONS | {"undoes", "lands", "chain", "dry"}),
    "reserve": Verb(
        posting_acts.reserve, "reason", "many", "must", NAMES | CONDITIONS | {"expires", "ends_on", "chain", "dry"}
    ),
    "settle": Verb(posting_acts.settle, "made", "may", "may", NAMES | {"in", "lands"}),
    "void": Verb(posting_acts.void, "made", options=NAMES | {"lands"}),
    "reverse": Verb(posting_acts.reverse, "made", "may", "may", NAMES | {"in", "lands"}),
    "hold": Verb(hold_acts.hold, "kind", "one", "must", ONCE | {"expires", "because"}),
    "capture": Verb(hold_acts.capture, "hold reason", "one", "may", ONCE),
    "release": Verb(hold_acts.release, "hold", amount="may", options=ONCE),
    "expire": Verb(posting_acts.expire, "pending", options=NAMES | {"status"}),
    "extend": Verb(posting_acts.extend, "made", options=frozenset({"expires", "because"})),
    "due": Verb(posting_acts.due, "made"),
    "freeze": Verb(posting_acts.set_status("frozen"), "account"),
    "unfreeze": Verb(posting_acts.set_status("open"), "account"),
    "close": Verb(period_acts.close, "closing"),
    "statement": Verb(period_acts.statement, "account period", options=frozenset({"same"})),
    "batch": Verb(batch_acts.batch, "each"),
    "rate": Verb(fx_acts.rate, "pair", amount="must", options=frozenset({"at"})),
    "quote": Verb(fx_acts.quote, "side", "one", "must", frozenset({"at"})),
    "convert": Verb(fx_acts.convert, "quote", options=frozenset({"at"})),
    "look": Verb(posting_acts.look, options=frozenset({"effective", "known"})),
}


PERIOD = re.compile(r"\d{4}-\d{2}(-\d{2})?")
SLOTS = {
    "made": "the name of a row above",
    "pending": "the name of a row above, or nothing",
    "each": "nothing, or `each`",
    "hold": "the name of a hold above",
    "kind": "a kind of hold",
    "quote": "the name of a quote above",
    "pair": "a pair of currencies like EUR/USD",
    "side": "sell or buy",
    "closing": "an account or a period",
    "period": "a day like 2026-03-02 or a month like 2026-03",
    "account": "an account",
    "reason": "a reason code",
}


def check(scenario: Scenario) -> None:
    """Refuse rows whose words mean nothing, before the first of them runs. Raises TableError."""
    made: dict[str, str] = {}
    for step in scenario.steps:
        if any(item.verb not in {"post", "reserve"} for item in step.items):
            raise TableError(step.place, "the items of a batch are posted or reserved")
        for each in [*step.items, step]:
            spelling(scenario, each, made)
            if each.name:
                if each.name in made:
                    raise TableError(each.place, f"{each.name!r} has been made above")
                if each.outcome not in MAKE:
                    raise TableError(each.place, f"a row that is {each.outcome or 'refused'} makes nothing to name")
                made[each.name] = each.verb
        if step.verb == "batch" and not step.items:
            raise TableError(step.place, "a batch has items below it")
        if unknown := step.states.keys() - {name for name, verb in made.items() if verb not in STATELESS}:
            raise TableError(step.place, f"no row above has made {sorted(unknown)[0]!r} with a state")
        if step.outcome not in MAKE | CODES:
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
    if verb.entries in {"one", "many"} and (not all(named) or not named or (verb.entries == "one" and len(named) > 1)):
        raise TableError(step.place, f"{step.verb} has {verb.entries} `debit → credit`")
    if verb.entries == "may" and any(named) and not all(line.amount is not None for line in step.legs):
        raise TableError(step.place, f"{step.verb}: each of its entries has an amount")
    amounts = [line.amount is not None for line in step.legs]
    if verb.amount == "no" and any(amounts):
        raise TableError(step.place, f"{step.verb} has no amount")
    if verb.amount == "must" and not (amounts and all(amounts)):
        raise TableError(step.place, f"{step.verb} has an amount in each of its rows")
    meanings(scenario, step, verb.words.split(), made)


def meanings(scenario: Scenario, step: Step, slots: list[str], made: dict[str, str]) -> None:
    """Each word after a verb must mean something: an account, a row above, a kind of hold, a reason code."""
    words = list(step.words)
    for slot in slots:
        known = {
            "made": made.keys(),
            "each": {"each"},
            "pending": made.keys(),
            "hold": {name for name, verb in made.items() if verb == "hold"},
            "quote": {name for name, verb in made.items() if verb == "quote"},
            "pair": {f"EUR/{code}" for code in CURRENCIES},
            "side": {"sell", "buy"},
            "closing": scenario.accounts.keys() | set(filter(PERIOD.fullmatch, words)),
            "period": set(filter(PERIOD.fullmatch, words)),
            "kind": set(Hold.Kind.values),
            "account": scenario.accounts.keys(),
            "reason": reasons.REASONS.keys(),
        }[slot]
        if not words and slot in {"reason", "pending", "each"}:
            continue
        if not words or words.pop(0) not in known:
            raise TableError(step.place, f"{step.verb} is followed by {SLOTS[slot]}")
    for option in ("available_gte", "if_version"):
        asked = step.options.get(option, "").split()
        if asked and (len(asked) != 2 or asked[0] not in scenario.accounts or not AMOUNT.fullmatch(asked[1])):
            raise TableError(step.place, f"`{option}` names an account and a number")
    if step.options.get("dry", "run") != "run":
        raise TableError(step.place, "`dry` is followed by `run`")
    for option in ("undoes", "known", "same"):
        if option in step.options and step.options[option] not in made:
            raise TableError(step.place, f"no row above has made {step.options[option]!r}")
    if words:
        raise TableError(step.place, f"{step.verb} has no use for {words[0]!r}")
