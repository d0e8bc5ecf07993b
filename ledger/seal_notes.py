"""Checkpoints as text: what is signed, the signature under it, and reading both again.

A note is plain ASCII that can be kept anywhere, on paper too. Keys come from the settings and are never stored in the
database or in a note. Signatures are Ed25519 (RFC 8032). Nothing here touches the database.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

TITLE = "wherewithal checkpoint 1"
NOTHING = "0" * 64  # what comes before the first checkpoint
_NAMES = ("origin", "serial", "previous", "made", "sealed", "head", "day")


def stamp(moment: datetime) -> str:
    """A time as notes state it: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a checkpoint says: up to link `sealed` the chain is the one that ends in `head`. `day` is the latest daily
    root as "YYYY-MM-DD first last root", or "none"; `previous` is the digest of the checkpoint before."""

    origin: str
    serial: int
    previous: str
    made: str
    sealed: int
    head: str
    day: str

    @property
    def body(self) -> str:
        """The text that is signed."""
        return "".join([f"{TITLE}\n", *(f"{name}: {getattr(self, name)}\n" for name in _NAMES)])


def read(body: str) -> Note:
    """The note in a body. Raises ValueError for anything that is not exactly one."""
    values = dict(line.split(": ", 1) for line in body.split("\n")[1:-1])
    if tuple(values) != _NAMES:
        raise ValueError("not a checkpoint")
    note = Note(
        **{name: int(text) if name in ("serial", "sealed") else text for name, text in values.items()}  # type: ignore[arg-type]
    )
    if note.body != body:
        raise ValueError("not a checkpoint")
    return note


def text(body: str, key: str, signature: bytes) -> str:
    """Body and signature as they leave the house."""
    return f"{body}\nsignature: ed25519 {key} {signature.hex()}\n"


def split(whole: str) -> tuple[str, str, bytes]:
    """Body, key name and signature of a text that `text` made. Raises ValueError for anything else."""
    body, _, line = whole.partition("\n\n")
    words = line.split()
    if len(words) != 4 or words[:2] != ["signature:", "ed25519"]:
        raise ValueError("not a signed checkpoint")
    return f"{body}\n", words[2], bytes.fromhex(words[3])


def digest(whole: str) -> str:
    """What the next checkpoint names as its `previous`."""
    return hashlib.sha256(whole.encode()).hexdigest()


def sign(body: str) -> tuple[str, bytes]:
    """Name of our key, and its signature. Raises ValueError for a key that is not 32 bytes in hexadecimal."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.SEAL["key"]))
    return key_name(private.public_key().public_bytes_raw()), private.sign(body.encode())


def is_signed(body: str, key: str, signature: bytes) -> bool:
    """True when the signature under the body is by one of our keys, present or former."""
    raw = public_keys().get(key)
    if raw is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, body.encode())
    except InvalidSignature:
        return False
    return True


def public_keys() -> dict[str, bytes]:
    """Our public keys by name, the present one first."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.SEAL["key"]))
    former = [bytes.fromhex(key) for key in settings.SEAL["former_public_keys"]]
    return {key_name(raw): raw for raw in (private.public_key().public_bytes_raw(), *former)}


def key_name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
