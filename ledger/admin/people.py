"""Names for the opaque ids of actors: people by name, keys and the system by what they are.

One query for a whole page. An id that nobody knows stays an id; nothing is guessed.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from ledger import ids
from ledger.errors import NotFound


def names(references: Iterable[str]) -> dict[str, str]:
    """id → name, for `usr_…`, `key_…`, `system:…`; others stand for themselves."""
    wanted = {reference for reference in references if reference}
    keys = {}
    for reference in wanted:
        if reference.startswith("usr_"):
            try:
                keys[ids.decode_int("usr", reference)] = reference
            except NotFound:
                continue
    found = {reference: _spelled(reference) for reference in wanted}
    for user in get_user_model()._default_manager.filter(pk__in=keys) if keys else ():
        found[keys[user.pk]] = str(user)
    return found


def name(reference: str) -> str:
    """One name; for a page that shows a single person."""
    return names([reference]).get(reference, reference)


def initials(user: Any) -> str:
    return "".join(word[0] for word in str(user).split()[:2]).upper()


def _spelled(reference: str) -> str:
    if reference.startswith("system:"):
        return f"System ({reference.partition(':')[2]})"
    if reference.startswith("key_"):
        return f"API key {reference}"
    return reference
