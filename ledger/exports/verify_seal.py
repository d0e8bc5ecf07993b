"""Check an export of the sealed ledger: a single file that needs Python 3.9 or later and nothing else.

    python verify_seal.py EXPORT.jsonl.gz [--checkpoint FILE]... [--public-key HEX]...

Every row's hash, the order of the chain, every daily Merkle root, every signature, the sum of every transaction and
every running balance are computed anew. What the export cannot prove about itself, that nothing was cut off its end
and whose key signed it, is proved by a checkpoint and a public key that you kept elsewhere. Exit code 0: all is as it
was sealed. 1: the first broken numbers and rows are named. Must never import anything of the product it checks.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ZERO = bytes(32)
# Fields of format 1, in the order in which they are hashed.
TRANSACTION_ID = EVENT_ID = 2
LEGS = 15
E_ID, E_TRANSACTION, E_LEG, E_ACCOUNT, E_CODE, E_SIGN, E_CURRENCY, E_AMOUNT, E_LAYER, E_SEQ = range(10)
E_BALANCE, E_IN, E_OUT = 10, 11, 12
WIDTHS = {"event": 18, "transaction": 19, "entry": 17}
POSTED, PENDING = "0", "1"
# The names in each kind of line, no more and no fewer; and those in a checkpoint, in their order.
LINK = {"number", "kind", "format", "previous", "hash", "sealed_at", "xid", "fields", "entries"}
ROOT = {"first", "last", "day", "root"}
HEAD = {"wherewithal", "version", "origin", "public_keys"}
NOTE = ["origin", "serial", "previous", "made", "sealed", "head", "day"]
DECIMALS = 18


def packed(fields: list[str | None]) -> bytes:
    """A list of texts and nulls as bytes: PostgreSQL's binary text array, each field after its own length."""
    parts = [struct.pack(">iiIii", 1, 1 if None in fields else 0, 25, len(fields), 1)]
    for field in fields:
        raw = b"" if field is None else field.encode()
        parts += [b"\xff\xff\xff\xff" if field is None else len(raw).to_bytes(4, "big"), raw]
    return b"".join(parts)


def whole(value: Any) -> int:
    """A number that the ledger can have given out; ValueError for anything else."""
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError("not a number of the ledger: " + repr(value)[:40])
    return value


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; ValueError when a name comes twice, as readers differ in which of the two they take."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def units(text: str) -> int:
    """An amount as a whole number of the smallest unit that the ledger can hold (10^-18)."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(DECIMALS, "0"))


def merkle(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962, section 2.1, over a list of hashes."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        starts = range(0, len(level) - 1, 2)
        pairs = [hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in starts]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


# --- Ed25519, verification only: RFC 8032, section 5.1.7, after the RFC's own reference code ------------------------

Point = tuple[int, int, int, int]
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def times(number: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def recovered_x(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point(raw: bytes) -> Point | None:
    """The point that 32 bytes stand for, None when they stand for none."""
    y = int.from_bytes(raw, "little")
    x = recovered_x(y & ((1 << 255) - 1), y >> 255)
    y &= (1 << 255) - 1
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE: Point = point(BASE_Y.to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """True when `signature` (64 bytes) over `message` was made with the key of `public` (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    return same(times(s, BASE), add(r, times(h, a)))


def named(keys: Iterable[bytes]) -> dict[str, bytes]:
    """Public keys by the name that checkpoints call them."""
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}


# --- checkpoints -----------------------------------------------------------------------------------------------------


def checkpoint(text: str) -> dict[str, Any]:
    """The named values of a signed checkpoint, with `body`, `key` and `signature`. ValueError for anything else."""
    body, _, line = text.partition("\n\n")
    words = line.split()
    first, *rest = body.split("\n")
    if first != "wherewithal checkpoint 1" or len(words) != 4 or words[:2] != ["signature:", "ed25519"]:
        raise ValueError("not a signed checkpoint")
    values: dict[str, Any] = dict(row.split(": ", 1) for row in rest)
    values.update(body=body + "\n", key=words[2], signature=bytes.fromhex(words[3]))
    values["serial"], values["sealed"] = whole(int(values["serial"])), whole(int(values["sealed"]))
    again = "".join(f"{name}: {values[name]}\n" for name in NOTE)  # neither less nor more, each number as we write it
    if text != "{0}\n{1}\nsignature: ed25519 {key} {2}\n".format(first, again, words[3], **values):
        raise ValueError("not a signed checkpoint")
    return values


# --- the history -----------------------------------------------------------------------------------------------------


Figures = tuple[int, int, int, int]  # last number, balance, pending in, pending out


class Accounts:
    """The running figures of every account. Entries of one account may come out of order, by a little."""

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.early: dict[str, dict[int, tuple[list[Any], Callable[[str], None]]]] = {}

    def take(self, entry: list[Any], complain: Callable[[str], None]) -> None:
        if entry[E_SEQ] is None:
            return
        account, seq = entry[E_ACCOUNT], int(entry[E_SEQ])
        last = self.figures.get(account, (0, 0, 0, 0))
        if seq != last[0] + 1:
            if seq <= last[0]:
                complain(f"account {entry[E_CODE]} has number {seq} twice")
                return
            self.early.setdefault(account, {})[seq] = entry, complain
            return
        while True:
            last = self.figures[account] = self.follow(last, entry, complain)
            waiting = self.early.get(account)
            if not waiting or last[0] + 1 not in waiting:
                return
            entry, complain = waiting.pop(last[0] + 1)

    @staticmethod
    def follow(last: Figures, entry: list[Any], complain: Callable[[str], None]) -> Figures:
        """The figures after an entry, as the entry itself says; a complaint when they do not follow."""
        change = units(entry[E_AMOUNT]) * int(entry[E_SIGN])
        _, balance, coming, going = last
        if entry[E_LAYER] == POSTED:
            balance += change
        elif (entry[E_LAYER] == PENDING) == (change > 0):
            coming += change
        else:
            going -= change
        said = units(entry[E_BALANCE]), units(entry[E_IN]), units(entry[E_OUT])
        if said != (balance, coming, going):
            complain(f"running balance of {entry[E_CODE]} does not follow from the entry before")
        return (int(entry[E_SEQ]), *said)

    def waiting(self) -> int:
        return sum(map(len, self.early.values()))


class History:
    """Reads an export from its first line to its last and remembers what is wrong."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self.keys = named(keys)
        self.own_keys = not self.keys
        self.wrong: list[tuple[int, str]] = []
        self.hashes = [ZERO]
        self.days = [""]
        self.objects: set[str] = set()
        self.accounts = Accounts()
        self.roots: list[dict[str, Any]] = []
        self.named_days: set[str] = set()
        self.checkpoints: list[str] = []
        self.head: dict[str, Any] | None = None

    def complain(self, number: int, what: str) -> None:
        self.wrong.append((number, what))

    def read(self, lines: Iterable[str | bytes]) -> None:
        place = 0
        for place, line in enumerate(lines, 1):
            number = len(self.hashes)
            try:
                text = line.decode("utf-8") if isinstance(line, bytes) else line
                self.take(json.loads(text, object_pairs_hook=once))
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
                self.complain(number, f"line {place} cannot be read ({error!r:.200})")
            if place == 1 and self.head is None:
                self.complain(0, "the first line does not say that this is an export of a seal")
        if not place:
            self.complain(0, "the export is empty")

    def take(self, row: dict[str, Any]) -> None:
        names = set(row) if isinstance(row, dict) else set()
        if names == LINK:
            self.link(row)
        elif names == ROOT:
            self.root(row)
        elif names == {"checkpoint"}:
            self.signed(row["checkpoint"], len(self.checkpoints) + 1)
        elif names == HEAD and row["wherewithal"] == "seal" and row["version"] == 1 and self.head is None:
            self.head = row
            if self.own_keys:
                self.keys = named(map(bytes.fromhex, row["public_keys"]))
        else:
            raise ValueError("unknown line")

    # --- links -------------------------------------------------------------------------------------------------------

    def link(self, row: dict[str, Any]) -> None:
        number, previous, stated = whole(row["number"]), bytes.fromhex(row["previous"]), bytes.fromhex(row["hash"])
        fields, entries, kind = row["fields"], row["entries"] or [], row["kind"]
        name = f"{kind} {(fields or [None] * 3)[2]}"
        if number != len(self.hashes):
            self.complain(min(number, len(self.hashes)), f"{name}: stands where #{len(self.hashes)} belongs")
        if previous != self.hashes[-1]:
            self.complain(number, name + ": its link does not name the one before it")
        self.hashes.append(stated)
        self.days.append(row["sealed_at"][:10])
        if not fields or len(fields) != WIDTHS[kind] or fields[:2] != [kind, str(row["format"])]:
            self.complain(number, name + ": the row is missing or of an unknown format")
            return
        content = hashlib.sha256(packed(fields) + b"".join(map(packed, entries))).digest()
        place = number.to_bytes(8, "big") + whole(row["xid"]).to_bytes(8, "big")
        if hashlib.sha256(place + previous + content + row["sealed_at"].encode()).digest() != stated:
            self.complain(number, name + ": the row or its link is not what was sealed")
        if name in self.objects:
            self.complain(number, name + ": is sealed twice")
        self.objects.add(name)
        if kind == "transaction":
            self.balanced(fields, entries, lambda what: self.complain(number, name + ": " + what))

    def balanced(self, fields: list[Any], entries: list[list[Any]], complain: Callable[[str], None]) -> None:
        sums: dict[tuple[str, str], int] = {}
        for leg, entry in enumerate(entries, 1):
            expected = [fields[TRANSACTION_ID], str(leg)]
            if len(entry) != WIDTHS["entry"] or entry[E_TRANSACTION : E_LEG + 1] != expected:
                complain(f"entry {entry[E_ID]} is not its leg {leg}")
                return
            key = entry[E_CURRENCY], entry[E_LAYER]
            sums[key] = sums.get(key, 0) + units(entry[E_AMOUNT])
            self.accounts.take(entry, complain)
        if len(entries) != int(fields[LEGS]):
            complain(f"has {len(entries)} entries, was written with {fields[LEGS]}")
        if any(sums.values()):
            complain("does not sum to zero")

    # --- roots and checkpoints ---------------------------------------------------------------------------------------

    def root(self, row: dict[str, Any]) -> None:
        first, last = whole(row["first"]), whole(row["last"])
        name = "root of {}, #{} to #{}".format(row["day"], first, last)
        if first != (self.roots[-1]["last"] + 1 if self.roots else 1) or last < first:
            self.complain(first, name + ": does not follow the root before it")
        self.roots.append(row)
        self.named_days.add("{day} {first} {last} {root}".format(**row))
        if last >= len(self.hashes):
            self.complain(len(self.hashes), name + f": the chain ends at #{len(self.hashes) - 1}")
            return
        if set(self.days[first : last + 1]) != {row["day"]}:
            self.complain(first, name + ": links of other days among them")
        if merkle(self.hashes[first : last + 1]).hex() != row["root"]:
            self.complain(first, name + ": is another one")

    def signed(self, text: str, serial: int | None = None) -> None:
        """A checkpoint of the export (with its expected serial) or one that was kept elsewhere."""
        found = checkpoint(text)
        name = "checkpoint {serial}".format(**found)
        number = found["sealed"]
        if not is_signed(self.keys.get(found["key"], b""), found["body"].encode(), found["signature"]):
            self.complain(number, name + ": is not signed by a known key")
        if self.head is not None and found["origin"] != self.head["origin"]:
            self.complain(number, name + ": speaks for {origin}, not the origin of the export".format(**found))
        if number >= len(self.hashes):
            last = len(self.hashes) - 1
            self.complain(last + 1, f"{name}: the chain reached #{number} and now ends at #{last}")
        elif self.hashes[number].hex() != found["head"]:
            self.complain(number, name + ": the chain up to here is not what was signed")
        if found["day"] != "none" and found["day"] not in self.named_days:
            self.complain(number, name + ": the root of {} is missing or another one".format(found["day"][:10]))
        if serial is None:
            if text not in self.checkpoints:
                self.complain(number, name + ": is missing from the export")
            return
        before = self.checkpoints[-1] if self.checkpoints else None
        digest = hashlib.sha256(before.encode()).hexdigest() if before else "0" * 64
        if found["serial"] != serial or found["previous"] != digest:
            self.complain(number, name + ": does not follow the checkpoint before it")
        self.checkpoints.append(text)


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of an export, compressed or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="a checkpoint kept elsewhere")
    parser.add_argument("--public-key", type=bytes.fromhex, action="append", default=[], help="whose word counts (hex)")
    parser.add_argument("--limit", type=int, default=20, help="broken places to name")
    options = parser.parse_args(arguments)
    history = History(options.public_key)
    try:
        history.read(lines_of(options.export))
    except (OSError, EOFError, zlib.error) as error:
        last = len(history.hashes) - 1
        history.complain(last + 1, f"the export cannot be read to its end ({error}); the last row read is #{last}")
    for path in options.checkpoint:
        try:
            history.signed(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError) as error:
            history.complain(len(history.hashes), f"{path} cannot be read ({error})")
    return report(history, options)


def report(history: History, options: argparse.Namespace) -> int:
    for number, what in sorted(history.wrong)[: options.limit]:
        print(f"#{number}: " + what.encode("unicode_escape").decode())  # what a row says must not look like our words
    if len(history.wrong) > options.limit:
        print(f"... and {len(history.wrong) - options.limit} more")
    if history.own_keys:
        print("Note: signatures were checked against keys in the export itself. Give --public-key to trust them.")
    if not options.checkpoint:
        print("Note: a tail that was cut off shows only against a --checkpoint that was kept elsewhere.")
    if history.accounts.waiting():
        print(f"Note: {history.accounts.waiting()} entries wait for others that are not sealed yet.")
    print("{}: {} rows, {} daily roots, {} checkpoints.".format(
        "BROKEN" if history.wrong else "All as it was sealed",
        len(history.hashes) - 1, len(history.roots), len(history.checkpoints)))  # fmt: skip
    return 1 if history.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
