"""Checking a signed report with a public key alone: no database, no Django, nothing but the standard library.

`python -m ledger.report_checking FILE --public-key HEX`. Only reports that the seal's key signed can be checked so; the
older ones under the installation's secret (`ledger.report_signature`) can be checked by the installation alone.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger import digest_signature, signed_json


def canonical(report: Mapping[str, Any]) -> bytes:
    """The bytes that the digest is of: JSON, keys sorted, no blanks, UTF-8."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(report: Mapping[str, Any]) -> str:
    """The report's SHA-256, in hexadecimal: it is signed, and stands in the event of the import."""
    return hashlib.sha256(canonical(report)).hexdigest()


def read(document: str | bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Report and signature of a document that has nothing else. Raises ValueError for any other text, and for one that
    gives a key twice."""
    found = signed_json.read(document)
    if set(found) != {"report", "signature"} or not all(isinstance(part, dict) for part in found.values()):
        raise ValueError("it is not a report and its signature, and nothing else")
    return found["report"], found["signature"]


def fault(report: Mapping[str, Any], signature: Mapping[str, Any], keys: Mapping[str, bytes]) -> str:
    """What is wrong with an Ed25519 signature of a report, in words; empty when one of `keys` made it."""
    text = digest_signature.signed_text(digest_signature.REPORT, digest(report))
    return digest_signature.fault({"signature": signature}, text, keys)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: genuine. 1: not, in words. 2: asked wrongly."""
    parser = argparse.ArgumentParser(description="Check a signed report with the public key alone.")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--public-key", action="append", required=True, metavar="HEX", help="whose signature counts")
    options = parser.parse_args(arguments)
    try:
        keys = digest_signature.public_keys(options.public_key)
    except ValueError as error:
        parser.error(f"--public-key: {error}")
    try:
        report, signature = read(options.file.read_bytes())
        wrong = fault(report, signature, keys)
    except (OSError, ValueError, RecursionError) as error:
        wrong = f"it cannot be read: {str(error)[:200]}"
    if wrong:
        sys.stdout.write(f"NOT genuine: {ascii(wrong)[1:-1]}\n")
        return 1
    sys.stdout.write(f"Genuine: signed with key {signature['key']}, SHA-256 of the report {digest(report)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
