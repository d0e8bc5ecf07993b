"""A form that acts carries a one-time token: sent twice, it acts once and leads to the same result.

The token is a signed random name, bound to the person and the purpose. It is written as an idempotency key in the same
commit as the act; a double click waits for the first to end and then finds its result. Nothing here decides about
money.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from ledger.errors import IdempotencyKeyReused, InvalidRequest
from payments.actors import Actor
from payments.models import IdempotencyKey
from payments.services import idempotency

FIELD = "once"
VALID_FOR = timedelta(hours=12)
_DONE = 303


class Stale(InvalidRequest):
    """The token is missing, forged or too old: show the form again with a fresh one."""

    default_detail = "This page was open for too long. Please check it and send it again."


@dataclass(frozen=True)
class Outcome:
    """The public id of what the act made. `replayed`: it had been made by the same form before."""

    reference: str
    replayed: bool


def token(*, actor: Actor, purpose: str) -> str:
    """A fresh token for one act by one person."""
    return _signer(actor, purpose).sign(uuid.uuid4().hex)


def name_of(*, actor: Actor, purpose: str, token: str) -> str:
    """The name under which the act is remembered. Raises Stale."""
    try:
        name = _signer(actor, purpose).unsign(token, max_age=VALID_FOR)
    except signing.BadSignature:
        raise Stale from None
    return f"portal:{purpose}:{name}"


def run(*, actor: Actor, purpose: str, token: str, content: Mapping[str, str], work: Callable[[], str]) -> Outcome:
    """Do `work` once for this token; it returns the public id of what it made. Everything commits together.

    Raises Stale, IdempotencyKeyReused when the same token comes with other content, IdempotencyInProgress while a twin
    is still at it, and what `work` raises."""
    name = name_of(actor=actor, purpose=purpose, token=token)
    try:
        answer = idempotency.once(
            caller=actor.id,
            key=name,
            method="POST",
            path=purpose,
            body=json.dumps(dict(content)).encode(),
            work=lambda: (_DONE, work().encode()),
        )
    except IdempotencyKeyReused:
        raise IdempotencyKeyReused("This form was already sent with other values. See your activity first.") from None
    return Outcome(answer.body.decode(), answer.replayed)


def run_outside(
    *, actor: Actor, purpose: str, token: str, content: Mapping[str, str], work: Callable[[], str]
) -> Outcome:
    """The same for an act that calls an outside system and therefore may not sit in a transaction: the service itself
    must refuse a twin that is still at work. Here its result is remembered, so that a later twin finds it."""
    name = name_of(actor=actor, purpose=purpose, token=token)
    if reference := found(actor=actor, name=name):
        return Outcome(reference, replayed=True)
    reference = work()
    return run(actor=actor, purpose=purpose, token=token, content=content, work=lambda: reference)


def found(*, actor: Actor, name: str) -> str:
    """What the act of this name made, "" when nothing is known of it."""
    row = IdempotencyKey.objects.filter(caller=actor.id, key=name).first()
    return bytes(row.body).decode() if row is not None and row.body else ""


def _signer(actor: Actor, purpose: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"portal.once.{purpose}.{actor.id}")
