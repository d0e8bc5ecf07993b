"""An exported history is altered: the stand-alone verifier finds each of a hundred seeded alterations and names the
number where it is."""

import copy
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger import seal_notes
from ledger.exports import verify_seal

pytestmark = [pytest.mark.django_db, pytest.mark.alone]

ROUNDS = 100
SEED = 20261120

# Each alteration answers the number at which the verifier must say that something is wrong.
Rows = list[dict[str, Any]]


def _links(rows: Rows) -> Rows:
    return [row for row in rows if "number" in row]


def _pick(rows: Rows, random: Random, kind: str = "") -> dict[str, Any]:
    return random.choice([row for row in _links(rows) if kind in ("", row["kind"])])


def any_field(rows: Rows, random: Random) -> int:
    row = _pick(rows, random)
    place = random.randrange(2, len(row["fields"]))
    row["fields"][place] = (row["fields"][place] or "") + "x"
    return row["number"]


def null_for_empty(rows: Rows, random: Random) -> int:
    row = random.choice([row for row in _links(rows) if None in row["fields"]])
    row["fields"][row["fields"].index(None)] = ""
    return row["number"]


def entry_field(rows: Rows, random: Random) -> int:
    row = _pick(rows, random, "transaction")
    entry = random.choice(row["entries"])
    place = random.randrange(len(entry))
    entry[place] = "1" if entry[place] is None else entry[place] + "1"
    return row["number"]


def balanced_amounts(rows: Rows, random: Random) -> int:
    row = _pick(rows, random, "transaction")
    for entry in row["entries"]:
        entry[verify_seal.E_AMOUNT] += "0"
    return row["number"]


def time_of_link(rows: Rows, random: Random) -> int:
    row = _pick(rows, random)
    row["sealed_at"] = row["sealed_at"].replace(":", ".", 1)
    return row["number"]


def hash_of_link(rows: Rows, random: Random) -> int:
    row = _pick(rows, random)
    name = random.choice(["hash", "previous"])
    row[name] = ("0" if row[name][0] != "0" else "1") + row[name][1:]
    return row["number"]


def line_dropped(rows: Rows, random: Random) -> int:
    row = random.choice(_links(rows)[:-1])
    rows.remove(row)
    return row["number"]


def line_doubled(rows: Rows, random: Random) -> int:
    row = _pick(rows, random)
    rows.insert(rows.index(row), copy.deepcopy(row))
    return row["number"]


def lines_swapped(rows: Rows, random: Random) -> int:
    one, other = sorted(random.sample(range(1, len(_links(rows)) + 1), 2))
    rows[one], rows[other] = rows[other], rows[one]
    return one


def contents_swapped(rows: Rows, random: Random) -> int:
    one, other = sorted(random.sample(_links(rows), 2), key=lambda row: row["number"])
    for name in ("fields", "entries", "kind"):
        one[name], other[name] = other[name], one[name]
    return one["number"]


def tail_cut(rows: Rows, random: Random) -> int:
    """The last links and every checkpoint that speaks for them: only the checkpoint outside knows."""
    keep = len(_links(rows)) - random.randint(1, 2)
    rows[:] = [
        row
        for row in rows
        if row.get("number", 0) <= keep
        and ("checkpoint" not in row or verify_seal.checkpoint(row["checkpoint"])["sealed"] <= keep)
    ]
    return keep + 1


def recomputed(rows: Rows, random: Random) -> int:
    """An altered row with all later hashes made to fit: the signatures do not."""
    start = _pick(rows, random, "event")
    start["fields"][6] = "nobody"
    previous = start["previous"]
    for row in _links(rows)[start["number"] - 1 :]:
        content = hashlib.sha256(
            verify_seal.packed(row["fields"]) + b"".join(map(verify_seal.packed, row["entries"] or []))
        ).digest()
        head = row["number"].to_bytes(8, "big") + row["xid"].to_bytes(8, "big") + bytes.fromhex(previous) + content
        row["previous"], row["hash"] = previous, hashlib.sha256(head + row["sealed_at"].encode()).hexdigest()
        previous = row["hash"]
    signed = [verify_seal.checkpoint(row["checkpoint"])["sealed"] for row in rows if "checkpoint" in row]
    return min(number for number in signed if number >= start["number"])


def root_altered(rows: Rows, random: Random) -> int:
    root = next(row for row in rows if "root" in row)
    if random.random() < 0.5:
        root["root"] = root["root"][::-1]
        return root["first"]
    rows.remove(root)
    return next(row["number"] for row in _links(rows) if row["number"] >= root["last"])


def checkpoint_altered(rows: Rows, random: Random) -> int:
    row = random.choice([row for row in rows if "checkpoint" in row])
    number = verify_seal.checkpoint(row["checkpoint"])["sealed"]
    row["checkpoint"] = row["checkpoint"].replace("made: 20", "made: 19")
    return number


def checkpoint_dropped(rows: Rows, random: Random) -> int:
    signed = [row for row in rows if "checkpoint" in row]
    place = random.randrange(len(signed))
    rows.remove(signed[place])
    return verify_seal.checkpoint(signed[min(place + 1, len(signed) - 1)]["checkpoint"])["sealed"]


EXPORT: list[Callable[[Rows, Random], int]] = [
    any_field, null_for_empty, entry_field, balanced_amounts, time_of_link, hash_of_link, line_dropped, line_doubled,
    lines_swapped, contents_swapped, tail_cut, recomputed, root_altered, checkpoint_altered, checkpoint_dropped,
]  # fmt: skip


def verified(lines: list[str], outside: str) -> list[tuple[int, str]]:
    history = verify_seal.History([next(iter(seal_notes.public_keys().values()))])
    history.read(lines)
    history.signed(outside)
    return sorted(history.wrong)


def test_a_hundred_alterations_of_the_export_are_found_and_located(sealed_kept: Any) -> None:
    folder, lines = sealed_kept
    outside = max(folder.iterdir()).read_text()
    assert verified(lines, outside) == []
    missed = []
    for number in range(ROUNDS):
        alter = EXPORT[number % len(EXPORT)]
        rows = [json.loads(line) for line in lines]
        place = alter(rows, Random(SEED + number))
        wrong = verified([json.dumps(row) for row in rows], outside)
        if place not in [at for at, _ in wrong] or wrong[0][0] > place:
            missed.append((number, alter.__name__, place, wrong[:5]))
    assert missed == []


def test_without_the_checkpoint_outside_a_cut_tail_would_pass(sealed_kept: Any) -> None:
    """Why a copy must be kept elsewhere: the file alone is consistent."""
    _, lines = sealed_kept
    rows = [json.loads(line) for line in lines]
    tail_cut(rows, Random(1))
    history = verify_seal.History()
    history.read(json.dumps(row) for row in rows)
    assert history.wrong == []


def run_alone(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The verifier as a stranger runs it: an isolated interpreter and nothing of ours."""
    command = [sys.executable, "-I", verify_seal.__file__, str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def broken(path: Path, *words: str) -> None:
    """The verifier ends with 1, without a traceback, and one of its findings has all the words."""
    done = run_alone(path)
    assert (done.returncode, done.stderr) == (1, ""), done.stderr[-500:]
    assert "BROKEN: " in done.stdout
    assert [line for line in done.stdout.splitlines() if all(word in line for word in words)], done.stdout


def changed_line(lines: list[str], place: int, change: Callable[[str], str]) -> list[str]:
    altered = change(lines[place - 1])
    assert altered != lines[place - 1]
    return [*lines[: place - 1], altered, *lines[place:]]


LINE = 4  # link #3


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace('"xid" : ', '"xid" : -'),
        lambda line: line.replace('"number" : 3', '"number" : -1'),
        lambda line: line.replace('"number" : 3', f'"number" : {2**70}'),
        lambda line: line.replace('"number" : 3', '"number" : "3"'),
        lambda line: line.replace('"number" : 3', '"number" : 3.0'),
        lambda line: line.replace('"number" : 3', '"number" : ' + "9" * 5000),
        lambda line: "[" * 200_000 + "]" * 200_000 + "\n",
        lambda line: '{"first": "x", "last": 2, "day": "2026-01-01", "root": ""}\n',
        lambda line: '{"first": -3, "last": 2, "day": "2026-01-01", "root": ""}\n',
        lambda line: '{"checkpoint": 7}\n',
        lambda line: "[]\n",
        lambda line: "\n",
        lambda line: line.replace('"fields" : [', '"fields" : ["event", "forged"], "fields" : ['),
        lambda line: line.replace('"number" : 3', '"number" : 3, "note" : "approved by the auditor"'),
        lambda line: line.replace('"number" : 3', '"number" : 3, "root" : "00"'),
    ],
)
def test_a_line_that_cannot_be_is_named_and_ends_nothing(
    sealed_kept: Any, tmp_path: Path, change: Callable[[str], str]
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("".join(changed_line(sealed_kept[1], LINE, change)))
    broken(path, "#3: ", f"line {LINE} cannot be read")


def test_bytes_that_are_no_text_are_named_by_their_line(sealed_kept: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    raw = [line.encode() for line in sealed_kept[1]]
    raw[LINE - 1] = raw[LINE - 1][:40] + b"\xff" + raw[LINE - 1][41:]
    path.write_bytes(b"".join(raw))
    broken(path, "#3: ", f"line {LINE} cannot be read", "UnicodeDecodeError")


def test_flipped_bits_of_a_compressed_export_are_a_finding(sealed_kept: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl.gz"
    whole = gzip.compress("".join(sealed_kept[1]).encode(), mtime=0)
    path.write_bytes(whole)
    assert run_alone(path).returncode == 0
    random, ways = Random(SEED), set()
    for _ in range(25):
        spoilt = bytearray(whole)
        for _ in range(8):
            spoilt[random.randrange(10, len(whole))] ^= 1 << random.randrange(8)
        path.write_bytes(bytes(spoilt))
        done = run_alone(path)
        assert (done.returncode, done.stderr) == (1, ""), done.stderr[-500:]
        ways.update(re.findall(r"Error -3|CRC check|line \d+ cannot|the last row read is #\d+", done.stdout))
    assert "Error -3" in ways, "no flip has met the decompressor"
    path.write_bytes(whole[: len(whole) // 2])
    broken(path, "cannot be read to its end", "the last row read is #")


def test_a_forged_origin_does_not_fit_the_checkpoints(sealed_kept: Any, tmp_path: Path) -> None:
    head = json.loads(sealed_kept[1][0])
    path = tmp_path / "export.jsonl"
    path.write_text("".join([json.dumps({**head, "origin": "another.office"}) + "\n", *sealed_kept[1][1:]]))
    broken(path, f"speaks for {head['origin']}", "not the origin of the export")
    path.write_text("".join(sealed_kept[1][1:]))
    broken(path, "#0: the first line does not say")
    path.write_text("")
    broken(path, "#0: the export is empty")


def test_what_a_row_says_cannot_pass_for_the_words_of_the_verifier(sealed_kept: Any, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in sealed_kept[1]]
    _links(rows)[2]["fields"][2] = "1\nAll as it was sealed: \ud800\x1b[2J"
    path = tmp_path / "export.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run_alone(path)
    assert (done.returncode, done.stderr) == (1, "")
    assert not [line for line in done.stdout.splitlines() if line.startswith("All as")]


def test_a_checkpoint_that_cannot_be_read_and_a_key_that_is_none(sealed_kept: Any, tmp_path: Path) -> None:
    path, kept = tmp_path / "export.jsonl", tmp_path / "checkpoint.txt"
    path.write_text("".join(sealed_kept[1]))
    text = max(sealed_kept[0].iterdir()).read_text()
    for spoilt in (b"\xff", b"", re.sub(r"sealed: \d+", "sealed: -2", text).encode()):
        kept.write_bytes(spoilt)
        done = run_alone(path, "--checkpoint", str(kept))
        assert (done.returncode, done.stderr) == (1, "")
        assert f"{kept} cannot be read" in done.stdout
    kept.write_text(text)
    assert run_alone(path, "--checkpoint", str(kept)).returncode == 0
    done = run_alone(path, "--public-key", "xyz")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
