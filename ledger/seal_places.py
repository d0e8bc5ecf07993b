"""Where checkpoints are kept outside the database: folders, Django storages, mailboxes.

What has been put is never overwritten. A place that cannot be reached raises OSError (or what its library raises);
whoever calls goes on with the others. Mail cannot be read back: the people who get it are the check.
"""

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.mail import EmailMessage


class Place(Protocol):
    """`daily`: only the checkpoints that name a new daily root go there. `names` is None where nothing can be read; it
    raises FileNotFoundError for a folder that is not there (yet, or no longer)."""

    @property
    def name(self) -> str: ...
    @property
    def daily(self) -> bool: ...
    def put(self, file: str, text: str) -> None: ...
    def names(self) -> list[str] | None: ...
    def read(self, file: str) -> str: ...


@dataclass(frozen=True)
class Folder:
    path: Path
    daily = False

    @property
    def name(self) -> str:
        return f"folder {self.path}"

    def put(self, file: str, text: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if (self.path / file).exists():
            return
        partial = self.path / f".{file}.{os.getpid()}"
        with partial.open("w", encoding="ascii") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        partial.chmod(0o444)
        partial.rename(self.path / file)

    def names(self) -> list[str] | None:
        return sorted(name for name in os.listdir(self.path) if fnmatch(name, "checkpoint-*.txt"))

    def read(self, file: str) -> str:
        return (self.path / file).read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class Storage:
    alias: str
    daily = False
    folder = "seal"

    @property
    def name(self) -> str:
        return f"storage {self.alias}"

    def put(self, file: str, text: str) -> None:
        if not storages[self.alias].exists(f"{self.folder}/{file}"):
            storages[self.alias].save(f"{self.folder}/{file}", ContentFile(text.encode()))

    def names(self) -> list[str] | None:
        try:
            return sorted(
                name for name in storages[self.alias].listdir(self.folder)[1] if name.startswith("checkpoint-")
            )
        except FileNotFoundError:  # nothing has been put yet
            return []

    def read(self, file: str) -> str:
        with storages[self.alias].open(f"{self.folder}/{file}", "rb") as opened:
            return str(opened.read().decode("utf-8", errors="replace"))


@dataclass(frozen=True)
class Mailbox:
    address: str
    daily = True

    @property
    def name(self) -> str:
        return f"mail {self.address}"

    def put(self, file: str, text: str) -> None:
        words = "Please keep this message. It proves later that the ledger's history up to here has not been changed."
        EmailMessage(subject=file.removesuffix(".txt"), body=f"{words}\n\n{text}", to=[self.address]).send()

    def names(self) -> list[str] | None:
        return None

    def read(self, file: str) -> str:
        raise OSError("Mail cannot be read back.")


def configured() -> list[Place]:
    """The places of the settings, in their order."""
    found: list[Place] = [Folder(Path(path)) for path in settings.SEAL["folders"]]
    found += [Storage(alias) for alias in settings.SEAL["storages"]]
    return [*found, *(Mailbox(address) for address in settings.SEAL["emails"])]


def file_name(serial: int) -> str:
    return f"checkpoint-{serial:012d}.txt"
