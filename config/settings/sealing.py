"""Settings of the seal, read from the environment: the key that signs checkpoints, and where copies of them go."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.env import Environment

# Published, so worthless as a secret: production refuses it (`config/checks.py`).
DEMO_KEY = b"development-only-seal-key-------".hex()


def seal(env: Environment, base_url: str, state: Path | None) -> dict[str, Any]:
    """`key` is an Ed25519 seed, 32 bytes in hexadecimal. With a `state` folder (development, tests) the published key
    and two folders below it are the defaults; without one (production) nothing is."""
    folders = (str(state / "seal"), str(state / "seal-second")) if state else ()
    return {
        "origin": env.text("SEAL_ORIGIN", urlsplit(base_url).netloc),
        "key": env.text("SEAL_KEY", DEMO_KEY if state else ""),
        # Public keys of the past, so that what they signed is still believed.
        "former_public_keys": env.words("SEAL_FORMER_PUBLIC_KEYS"),
        "folders": env.words("SEAL_FOLDERS", folders),
        "storages": env.words("SEAL_STORAGES"),
        "emails": env.words("SEAL_EMAILS"),
    }
