"""What must always be true of the books, as data: each check is a query that finds the rows where it is not.

The queries stand in `sql/`, one file per check. A query answers `(object, key, detail)`: the kind of row, its key as
text, and what is wrong in words. `{since}` stands for the number of a database transaction; 0 looks at everything.
Nothing here repairs anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ledger.checks import grants, guards, seal
from ledger.reference import differences

_FOLDER = Path(__file__).parent / "sql"
Found = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Check:
    """`title` says what is true when the check finds nothing. `sql` looks at everything or, where it names `{since}`,
    at what was written since; `recent` is another way to look at what is new. `find` takes the place of a query, and
    `find_recent` of its look at what is new. `note` says, where it is so, what the check cannot look for."""

    name: str
    title: str
    sql: str = ""
    recent: str = ""
    find: Callable[[], list[Found]] | None = None
    find_recent: Callable[[], list[Found]] | None = None
    note: Callable[[], str] | None = None

    def query(self, since: int) -> str:
        """The query for a full run (since 0) or for what is new; "" when there is none."""
        if since and self.recent:
            return self.recent.replace("{since}", str(since))
        if since and "{since}" not in self.sql:
            return ""
        return self.sql.replace("{since}", str(since))


def _text(*names: str) -> str:
    return "".join((_FOLDER / f"{name}.sql").read_text() for name in names)


def _check(name: str, title: str) -> Check:
    recent = f"{name}.recent"
    return Check(
        name=name,
        title=title,
        sql=_text(name),
        recent=_text(recent) if (_FOLDER / f"{recent}.sql").exists() else "",
    )


CHECKS: tuple[Check, ...] = (
    _check("balanced", "Every transaction sums to zero, per currency and layer"),
    _check("whole", "Every transaction has the entries it was written with, numbered from 1"),
    _check("headers", "Every entry belongs to a transaction of the same database transaction, time and phase"),
    _check("reasons", "Every transaction has a reason of the catalogue"),
    _check(
        "entry_accounts",
        "Every entry is in its account's currency and scale, with figures where the account keeps them",
    ),
    Check(
        name="chain",
        title="Every running account's entries are numbered without gaps, and each figure follows from the one before",
        sql=_text("chain.line", "chain"),
        recent=_text("chain.line.recent", "chain"),
    ),
    _check("balances", "Every running account's balance row is the sum of its entries"),
    _check(
        "balance_rows", "Every running account, and no other, has a balance row with its own floor, and keeps to it"
    ),
    _check("checkpoints", "Every checkpoint is the sum of its account's entries below its horizon"),
    _check("checkpoint_hours", "Every checkpoint's hours and times are those of the entries it adds"),
    _check(
        "checkpoint_sums",
        "Checkpoints are numbered without gaps, and their blocks hold the running sums of their hours",
    ),
    _check(
        "backdated_blocks",
        "Every block of backdated entries follows the one before, and its sums are those of its entries",
    ),
    _check("reversals", "Reversals mirror one original and never exceed it"),
    _check("resolutions", "Whatever posts or voids refers to a pending transaction and moves what that reserved"),
    _check("pendings", "What remains pending is what was reserved less what was posted or voided; the state says so"),
    _check(
        "expiries", "A reservation expires at its time or on a status that it names, and is not posted after its time"
    ),
    _check("extensions", "Every end that was put off is where its last extension put it"),
    _check("pending_rows", "Every reservation belongs to a pending transaction"),
    _check("holds", "Every hold's amounts and state follow from its own transactions"),
    _check("hold_rows", "Every hold was placed by a transaction from its own wallet"),
    _check("held_accounts", "Every held account is the sum of its open holds"),
    _check("held_entries", "Nothing enters or leaves a held account without a hold"),
    _check("periods", "Every closed period is as it was closed, days in order, and its trial balance the same bytes"),
    _check("period_statements", "Every statement of a closed period is the same bytes as when it was closed"),
    _check("accounts", "Every account is what the chart says about its code"),
    _check(
        "account_states", "Every account is open, frozen or closed as its last event says, under the name it was opened"
    ),
    Check(
        name="catalogues",
        title="Currencies, reasons and kinds of account in the database are those of the code",
        find=differences,
    ),
    _check("monitors", "Every balance monitor has seen every entry below its horizon, once"),
    Check(
        name="guards",
        title="The guards stand as the migrations put them, and nothing else beside them",
        find=guards.find,
    ),
    Check(
        name="grants",
        title="Nobody but the owner may do more than is granted, and the roles are what they were set up as",
        find=grants.find,
        note=grants.note,
    ),
    _check("horizon", "No row was written by a database transaction that is still to come"),
    Check(
        name="seal_links",
        title="Every sealed row is what was sealed, and every link of the chain follows from the one before",
        sql=_text("seal_links", "seal_links.found"),
        recent=_text("seal_links.recent", "seal_links.found"),
    ),
    _check("seal_gaps", "Every event and transaction below the chain's head is in the chain"),
    _check("seal_days", "Every daily root is the Merkle root of its day's links"),
    Check(
        name="seal_checkpoints",
        title="Every checkpoint is signed, follows the one before, and speaks for this chain",
        find=seal.checkpoints,
        find_recent=seal.recent_checkpoints,
    ),
    Check(
        name="seal_copies",
        title="Every place outside holds every checkpoint, and each copy agrees with the database",
        find=seal.copies,
        find_recent=seal.recent_copies,
    ),
    _check("events", "Every event has a number that was given out, a type, an object and an actor"),
)

# Checks of the apps above, which keep figures of their own beside the books: added once, when the app is ready.
_added: list[Check] = []


def add(name: str, title: str, folder: Path) -> None:
    """Add a check whose query stands in `folder`/`name`.sql, written by the rules of this module."""
    if all(check.name != name for check in _added):
        _added.append(Check(name=name, title=title, sql=(folder / f"{name}.sql").read_text()))


def every() -> tuple[Check, ...]:
    """All checks, those of the books first."""
    return (*CHECKS, *_added)
