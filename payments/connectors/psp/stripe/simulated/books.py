"""The simulated Stripe's memory: every object as one JSON document in SQLite, and one unit of work over it.

Everything done inside one `Book` commits together or not at all, events and their deliveries included, so
that a killed simulator never forgets a payment it has confirmed. Names that begin with "_" are its private
notes and never leave it.
"""

import json
import secrets
import sqlite3
from typing import Any

from payments.connectors.psp.stripe.simulated.errors import ApiError, missing

SCHEMA = """
create table if not exists objects (
    seq integer primary key autoincrement, id text not null unique, kind text not null, link text not null,
    body text not null);
create index if not exists objects_by_kind on objects (kind, link, seq);
create table if not exists answers (
    key text primary key, fingerprint text not null, status integer not null, body text not null,
    created integer not null);
create table if not exists deliveries (
    id integer primary key autoincrement, event text not null, rank real not null, due real not null,
    state text not null, attempts integer not null default 0, copies integer not null default 1,
    struck integer not null default 0, tamper integer not null default 0, last text not null default '');
create index if not exists deliveries_waiting on deliveries (state, rank);
create table if not exists jobs (
    id integer primary key autoincrement, due real not null, name text not null, object text not null);
create table if not exists credits (
    payout text primary key, body text not null, due real not null, attempts integer not null default 0,
    state text not null default 'waiting');
create table if not exists settings (name text primary key, value text not null);
"""
PREFIXES = {
    "pi": "payment_intent", "ch": "charge", "re": "refund", "dp": "dispute", "txn": "balance_transaction",
    "po": "payout", "evt": "event", "pm": "payment_method",
}  # fmt: skip
Document = dict[str, Any]


class Book:
    """One unit of work. `now` is whole seconds on the simulator's clock, `moment` the same with its
    fraction."""

    def __init__(self, db: sqlite3.Connection, *, moment: float, base_url: str) -> None:
        self.db, self.moment, self.now, self.base_url = db, moment, int(moment), base_url

    def new(self, prefix: str, *, link: str = "", **fields: Any) -> Document:
        """Store a new object with a fresh id; `link` is the one thing it is most often looked up by."""
        identity = f"{prefix}_{secrets.token_hex(12)}"
        body = {"id": identity, "object": PREFIXES[prefix], "created": self.now, "livemode": False, **fields}
        self.db.execute(
            "insert into objects (id, kind, link, body) values (?, ?, ?, ?)",
            (identity, PREFIXES[prefix], link, json.dumps(body)),
        )
        return body

    def get(self, kind: str, identity: str, *, param: str = "") -> Document:
        """Raises ApiError resource_missing: 404 for an address, 400 when `param` names where the id came
        from."""
        row = self.db.execute("select body from objects where id = ? and kind = ?", (identity, kind)).fetchone()
        if row is None:
            raise missing(kind, identity[:60], status=400 if param else 404, param=param or "id")
        found: Document = json.loads(row["body"])
        return found

    def any(self, identity: str) -> Document | None:
        row = self.db.execute("select body from objects where id = ?", (identity,)).fetchone()
        return json.loads(row["body"]) if row else None

    def save(self, body: Document) -> Document:
        self.db.execute("update objects set body = ? where id = ?", (json.dumps(body), body["id"]))
        return body

    def relink(self, body: Document, link: str) -> None:
        self.db.execute("update objects set link = ? where id = ?", (link, body["id"]))

    def find(self, kind: str, *, link: str | None = None, **wanted: Any) -> list[Document]:
        """All objects of a kind with this link and these top-level fields, oldest first."""
        if link is None:
            rows = self.db.execute("select body from objects where kind = ? order by seq", (kind,))
        else:
            rows = self.db.execute("select body from objects where kind = ? and link = ? order by seq", (kind, link))
        documents = (json.loads(row["body"]) for row in rows)
        return [body for body in documents if all(body.get(name) == value for name, value in wanted.items())]

    def page(self, kind: str, params: dict[str, Any], *, path: str, link: str | None = None, **wanted: Any) -> Document:
        """A Stripe list, newest first, cut by `limit`, `starting_after`, `ending_before`."""
        found = self.find(kind, link=link, **wanted)[::-1]
        limit = params.get("limit", "10")
        if not str(limit).isdigit() or not 1 <= int(limit) <= 100:
            raise ApiError("Invalid limit: must be between 1 and 100", param="limit")
        places = {body["id"]: place for place, body in enumerate(found)}
        start, end = 0, len(found)
        for name in ("starting_after", "ending_before"):
            if params.get(name) and params[name] not in places:
                raise missing(kind, str(params[name])[:60], status=400, param=name)
        if params.get("starting_after"):
            start = places[params["starting_after"]] + 1
        if params.get("ending_before"):
            end = places[params["ending_before"]]
            start = max(0, end - int(limit))
        cut = found[start : min(end, start + int(limit))]
        more = start > 0 if params.get("ending_before") else start + len(cut) < end
        return {"object": "list", "url": path, "has_more": more, "data": cut}

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.db.execute("select value from settings where name = ?", (name,)).fetchone()
        return json.loads(row["value"]) if row else default

    def set(self, name: str, value: Any) -> None:
        self.db.execute(
            "insert into settings values (?, ?) on conflict (name) do update set value = excluded.value",
            (name, json.dumps(value)),
        )

    def later(self, name: str, identity: str, *, seconds: float) -> None:
        """Remember a piece of work for `seconds` from now; see `clockwork.run_jobs`."""
        self.db.execute(
            "insert into jobs (due, name, object) values (?, ?, ?)", (self.moment + seconds, name, identity)
        )


def public(value: Any) -> Any:
    """The document without the private notes, at every depth."""
    if isinstance(value, dict):
        return {name: public(inner) for name, inner in value.items() if not name.startswith("_")}
    return [public(inner) for inner in value] if isinstance(value, list) else value


def expand(book: Book, body: Document, paths: list[str]) -> Document:
    """Replace ids by the objects they name along each dotted path, as the `expand` parameter asks."""
    for path in paths:
        body = _expand(book, body, path.split("."))
    return body


def _expand(book: Book, value: Any, steps: list[str]) -> Any:
    if isinstance(value, list):
        return [_expand(book, inner, steps) for inner in value]
    if not steps or not isinstance(value, dict):
        return value
    name, rest = steps[0], steps[1:]
    inner = value.get(name)
    if value.get("object") == "charge" and name == "refunds" and inner is None:
        found = book.find("refund", link=value["id"])[::-1]
        address = f"/v1/charges/{value['id']}/refunds"
        inner = {"object": "list", "data": found[:10], "has_more": len(found) > 10, "url": address}
    if isinstance(inner, str):
        inner = book.any(inner) or inner
    elif inner is None and name not in value:
        raise ApiError(f"This property cannot be expanded ({name}).", param="expand")
    return {**value, name: _expand(book, inner, rest)}
