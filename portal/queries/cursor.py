"""Where a page of the timeline begins: a moment and an id, so that new lines never shift what is already shown.

Movements are ordered by their UUIDv7 key, which carries its own millisecond; ledger entries by the time they took
effect. Both are one order: (microseconds, id).
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.errors import InvalidRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = re.compile(r"([np])\.([0-9]{1,18})\.([0-9a-f]{32})", re.ASCII)
_LARGEST_MS = 2**48 - 1
_LARGEST_MICROS = 253_402_300_799_999_999  # the last moment that a datetime can say


@dataclass(frozen=True, order=True)
class Key:
    """The place of one line in the order of time."""

    micros: int
    id: uuid.UUID

    @classmethod
    def of_movement(cls, key: uuid.UUID) -> "Key":
        return cls((key.int >> 80) * 1000, key)

    @classmethod
    def of_entry(cls, at: datetime, key: uuid.UUID) -> "Key":
        return cls((at - _EPOCH) // timedelta(microseconds=1), key)

    @property
    def at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.micros)

    @property
    def movement_bound(self) -> uuid.UUID:
        """The UUID that splits movements in the same place as this key: those below it are earlier."""
        millis, rest = divmod(self.micros, 1000)
        if rest:
            return floor(millis + 1)
        own = self.id.int >> 80
        if own == millis:
            return self.id
        return floor(millis) if own < millis else floor(millis + 1)


@dataclass(frozen=True)
class Cursor:
    """`older` pages go back in time from `key` (exclusive), the others forward."""

    key: Key
    older: bool = True

    def __str__(self) -> str:
        return f"{'n' if self.older else 'p'}.{self.key.micros}.{self.key.id.hex}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises InvalidRequest (param "cursor") for anything this module cannot have made."""
        match = _TEXT.fullmatch(text)
        if match is None or int(match[2]) > _LARGEST_MICROS:
            raise InvalidRequest("This is not a cursor of this list.", param="cursor")
        return cls(Key(int(match[2]), uuid.UUID(match[3])), older=match[1] == "n")


def floor(millis: int) -> uuid.UUID:
    """The smallest UUIDv7 key of a millisecond."""
    return uuid.UUID(int=max(0, min(millis, _LARGEST_MS)) << 80)


def floor_of(at: datetime) -> uuid.UUID:
    """The smallest key of the first whole millisecond at or after a moment."""
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return floor(-(-micros // 1000))
