"""The signature over a document's SHA-256: what is signed, and whether it is right. Nothing but the standard library.

Signed is a short text that begins with the kind of document, so that no other signature of the same key (under a
checkpoint, or another kind) can be put under it. Signatures are Ed25519 (RFC 8032) by the seal's key. Never takes a key
from the file that it judges.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.exports import verify_seal

ARCHIVE, REPORT = "wherewithal archive 2", "wherewithal report 2"  # kinds of documents, with their versions
ALGORITHM = "ed25519"


def signed_text(kind: str, sha256: str) -> str:
    """What is signed: the kind of document, and the SHA-256 of its bytes in hexadecimal."""
    return f"{kind}\nsha256: {sha256}\n"


def as_kept(key: str, signature: bytes) -> dict[str, str]:
    """The signature as the document bears it; `key` is the name of the key."""
    return {"algorithm": ALGORITHM, "key": key, "value": signature.hex()}


def fault(bearer: Mapping[str, Any], text: str, keys: Mapping[str, bytes]) -> str:
    """What is wrong with the `signature` that a document bears, over this text, in words; empty when one of `keys` made
    it."""
    if "signature" not in bearer:
        return "it is not signed: nobody vouches for what it says"
    given = bearer["signature"]
    if (
        not isinstance(given, dict)
        or set(given) != {"algorithm", "key", "value"}
        or not all(isinstance(value, str) for value in given.values())
        or given["algorithm"] != ALGORITHM
    ):
        return "its signature is of no known form"
    public = keys.get(given["key"])
    if public is None:
        return f"it is signed with key {given['key'][:40]}, which is none of the public keys that count here"
    if not _fits(public, text, given["value"]):
        return f"its signature with key {given['key']} is not right: somebody else wrote or changed it"
    return ""


def public_keys(texts: Iterable[str]) -> dict[str, bytes]:
    """Public keys, given in hexadecimal, by their names. Raises ValueError for one that is not 32 bytes."""
    keys = [bytes.fromhex(text) for text in texts]
    if any(len(key) != 32 for key in keys):
        raise ValueError("A public key is 32 bytes in hexadecimal.")
    return verify_seal.named(keys)


def _fits(public: bytes, text: str, value: str) -> bool:
    try:
        signature = bytes.fromhex(value)
    except ValueError:
        return False
    return signature.hex() == value and verify_seal.is_signed(public, text.encode(), signature)
