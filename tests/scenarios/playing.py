"""Plays a scenario on the real ledger and compares, after every row, what the table says with what is there.

Exact in both directions: what a row names must be as written, and what it does not name must be as before. A refusal,
a replay and a look must leave every table of the books and of payments as it was, row for row.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import DatabaseError, connection, transaction

from ledger import accounts, invariants, posting, queries
from ledger.errors import DomainError
from ledger.models import Account, Hold
from ledger.posting import Leg
from tests.scenarios import fx_acts, verbs
from tests.scenarios.books import Answer, Books, moment, refusal, same
from tests.scenarios.cells import Disagreement, Figures, TableError, plain
from tests.scenarios.reading import AccountLine, Scenario, Step

KEPT = ("ledger_", "payments_")  # the tables that a refusal leaves as they were
BEGINNING = moment("2026-01-01")  # when what accounts hold at the start came in


@dataclass(frozen=True)
class Snapshot:
    """The figures of every account there is, and the contents of every table as a count and a hash."""

    figures: dict[str, Figures]
    contents: dict[str, tuple[int, str]]


def play(scenario: Scenario) -> int:
    """Play one scenario and take everything back; the number of rows played. Raises TableError, Disagreement."""
    verbs.check(scenario)
    with transaction.atomic():
        try:
            books = opened(scenario)
            before = snapshot()
            for step in scenario.steps:
                before = play_step(books, step, before)
            if findings := invariants.run().findings:
                raise Disagreement(scenario.place, f"the books are wrong at the end: {findings[0]}")
        finally:
            transaction.set_rollback(True)
    return len(scenario.steps)


def opened(scenario: Scenario) -> Books:
    """Open the accounts, look at their floors, and bring in what they hold at the start."""
    books = Books({}, clients=fx_acts.clients_of(scenario))
    for line in scenario.accounts.values():
        try:
            ref = books.refs[line.name] = accounts.open_account(code=code_of(books, line), currency=line.currency)
        except DomainError as error:
            raise TableError(line.place, error.detail) from error
        floor = Account.objects.get(pk=ref.id).floor
        if floor != line.floor:
            raise Disagreement(line.place, f"expected floor {line.floor}, the account has {floor}")
        if line.start:
            opening = accounts.ref("house/opening", line.currency)
            signed = line.start * ref.sign
            posting.post(
                reason="OPENING_BALANCE",
                legs=[Leg(opening, -signed), Leg(ref, signed)],
                effective_at=BEGINNING,
            )
    return books


def code_of(books: Books, line: AccountLine) -> str:
    """The account's code; `client/ada/…` is that of the client Ada where the story has one."""
    kind, owner, *rest = line.code.split("/")
    if kind == "client" and owner in books.clients:
        owner = books.clients[owner].public_id
    return "/".join((kind, owner, *rest))


def play_step(books: Books, step: Step, before: Snapshot) -> Snapshot:
    """One row: do it, and compare outcome, balances, states and whatever else there is."""
    said = done(books, step)
    after = snapshot()
    if said.outcome != step.outcome:
        raise Disagreement(step.place, f"expected {step.outcome}, the ledger says {said.outcome} {said.facts}")
    for word, expected in step.facts.items():
        if not same(books, expected, said.facts.get(word)):
            raise Disagreement(step.place, f"expected {word} {expected}, the ledger says {said.facts}")
    if not said.changes or said.outcome not in {"posted", "done"}:
        compare_contents(step, before, after)
    written = after.contents["ledger_transaction"][0] - before.contents["ledger_transaction"][0]
    if written != said.written:
        raise Disagreement(step.place, f"expected {said.written} new transactions, there are {written}")
    if step.verb == "look":
        compare_past(books, step)
    else:
        compare_figures(books, step, before, after)
    if step.name and said.made:
        books.made[step.name] = said.made
    compare_states(books, step)
    return after


def done(books: Books, step: Step) -> Answer:
    """Do what the row says, with everything that would wait for the commit; a refusal is an answer too."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            answer = verbs.VERBS[step.verb].run(books, step)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            return answer
    except DomainError as error:
        return refusal(error)
    except DatabaseError as error:
        raise Disagreement(step.place, f"expected {step.outcome}, the database fails: {error}") from error


def compare_contents(step: Step, before: Snapshot, after: Snapshot) -> None:
    for table, content in before.contents.items():
        if after.contents[table] != content:
            raise Disagreement(
                step.place, f"nothing may change, but {table} did ({content[0]} rows, now {after.contents[table][0]})"
            )


def compare_figures(books: Books, step: Step, before: Snapshot, after: Snapshot) -> None:
    """Every account: as written where the row names it, as before where it does not."""
    written = {
        f"{books.refs[name].code} {books.refs[name].currency}": (name, figures)
        for name, figures in step.balances.items()
    }
    for account, actual in after.figures.items():
        if account not in written and actual != before.figures.get(account, Figures(Decimal(0))):
            raise Disagreement(
                step.place,
                f"the row does not name {account}: expected {before.figures.get(account)}, there is {actual}",
            )
    differing = [
        f"expected {name} {figures}, there is {after.figures[account]}"
        for account, (name, figures) in written.items()
        if after.figures[account] != figures
    ]
    if differing:
        raise Disagreement(step.place, "; ".join(differing))


def compare_past(books: Books, step: Step) -> None:
    """What accounts held at a time, by one clock or both."""
    times = {}
    if "effective" in step.options:
        times["effective_at"] = moment(step.options["effective"])
    if "known" in step.options:
        times["recorded_at"] = books.made[step.options["known"]].recorded_at
    for name, figures in step.balances.items():
        found = queries.as_of(books.refs[name].id, **times)
        actual = Figures(found.balance, found.pending_in, found.pending_out)
        if actual != figures:
            raise Disagreement(step.place, f"expected {name} {figures}, there was {actual}")


def compare_states(books: Books, step: Step) -> None:
    for name, expected in step.states.items():
        made = books.made[name]
        if made.hold:
            found = Hold.objects.get(pk=made.hold)
            actual = f"{found.state} {plain(found.remaining)}" if " " in expected else str(found.state)
        else:
            actual = queries.states_of([made.transaction])[made.transaction]
        if actual != expected:
            raise Disagreement(step.place, f"expected {name} {expected}, it is {actual}")


def snapshot() -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute("""SELECT a.code || ' ' || a.currency, n.balance, n.pending_in, n.pending_out
                            FROM ledger_account a, LATERAL ledger_balance_now(a.id) n""")
        figures = {name: Figures(*rest) for name, *rest in cursor.fetchall()}
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = sorted(name for (name,) in cursor.fetchall() if name.startswith(KEPT))
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                f" FROM {table} t"
                for table in tables
            )
            + " ORDER BY 1"  # plans are free to answer in another order
        )
        contents = {table: (count, digest) for table, count, digest in cursor.fetchall()}
    return Snapshot(figures, contents)
