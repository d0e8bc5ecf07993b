"""API keys: made with a secret that is shown once, stored as a peppered hash, and recognised in constant time.

A key looks like `ww_<prefix>_<secret>`: the prefix finds the row, the secret (256 bits) proves it. A leaked database
without the pepper proves nothing. A key must never let its owner do what he may not do himself together with his roles.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import AuthenticationFailed, InvalidRequest, NotFound, PolicyRefused
from payments.actors import Actor
from payments.models import ApiKey, User
from payments.roles import CLIENT, ROLES, toxic_pair

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_SHAPE = re.compile(r"ww_([a-z0-9]{1,12})_([A-Za-z0-9_-]{1,100})", re.ASCII)
SEEN_EVERY = timedelta(minutes=1)


def create(
    *,
    name: str,
    role: str,
    owner: User | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret text, which exists nowhere else.

    Raises Forbidden, InvalidRequest (param "name", "role", "owner" or "expires_at"), PolicyRefused (param "owner") when
    the key's role and the owner's own are two that one person must not hold together."""
    actor.require("payments.manage_keys")
    if not 1 <= len(name.strip()) <= 80:
        raise InvalidRequest("A name has 1 to 80 characters.", param="name")
    if role not in ROLES or role == CLIENT:
        raise InvalidRequest(f"A key's role is one of: {', '.join(r for r in ROLES if r != CLIENT)}.", param="role")
    if expires_at is not None and expires_at <= now:
        raise InvalidRequest("This time is over: the key would never work.", param="expires_at")
    if owner is not None and not actor.is_system:
        require_fit(owner, role)
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    secret = secrets.token_urlsafe(32)
    pepper = settings.API_KEY_PEPPERS[-1]

    def work() -> ApiKey:
        key = ApiKey(
            name=name.strip(),
            prefix=prefix,
            secret_hash=_hash(secret, pepper),
            pepper_version=_number(pepper),
            role=role,
            owner=owner,
            expires_at=expires_at,
        )
        key.save(force_insert=True)
        events.record(
            type="api_key.created", object_ref=key.public_id, actor=actor, after={"role": role}, occurred_at=now
        )
        return key

    return unit_of_work(work), f"ww_{prefix}_{secret}"


def require_fit(owner: User, role: str) -> None:
    """Raise InvalidRequest or PolicyRefused (param "owner") unless this person may answer for a key of this role."""
    if not owner.is_active:
        raise InvalidRequest("This person is shut out.", param="owner")
    if pair := toxic_pair(owner.roles | {role}):
        one, other = (name.replace("_", " ") for name in pair)
        raise PolicyRefused(f"One person must not be both {one} and {other}.", param="owner")


def revoke(*, key_id: int, actor: Actor, now: datetime) -> None:
    """End a key at once. Raises Forbidden, NotFound."""
    actor.require("payments.manage_keys")

    def work() -> None:
        if not ApiKey.objects.filter(pk=key_id).exists():
            raise NotFound
        if ApiKey.objects.filter(pk=key_id, revoked_at__isnull=True).update(revoked_at=now):
            key = ApiKey.objects.get(pk=key_id)
            events.record(type="api_key.revoked", object_ref=key.public_id, actor=actor, occurred_at=now)

    unit_of_work(work)


def recognise(text: str, *, now: datetime) -> ApiKey:
    """The live key that this text is. Raises AuthenticationFailed, in the same words for every cause."""
    shape = _SHAPE.fullmatch(text)
    prefix, secret = shape.groups() if shape else ("", "")
    key = ApiKey.objects.select_related("owner").filter(prefix=prefix).first()
    # An unknown prefix costs the same look-up and the same hash, so the time taken tells nothing.
    expected = key.secret_hash if key else "0" * 64
    genuine = hmac.compare_digest(_hash(secret, _pepper(key)), expected)
    if key is None or not genuine or not _is_live(key, now):
        raise AuthenticationFailed
    if key.last_used_at is None or now - key.last_used_at > SEEN_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def actor_of(key: ApiKey, *, ip: str | None, device: str, request_id: str) -> Actor:
    """The actor behind a key. Its person is its owner, so nobody checks his own work through his own key."""
    person = key.owner.public_id if key.owner else key.public_id
    return Actor(
        id=key.public_id, person=person, roles=frozenset({key.role}), ip=ip, device=device, request_id=request_id
    )


def _is_live(key: ApiKey, now: datetime) -> bool:
    return (
        key.revoked_at is None
        and (key.expires_at is None or key.expires_at > now)
        and (key.owner is None or key.owner.is_active)
    )


def _hash(secret: str, pepper: str) -> str:
    return hmac.new(pepper.encode(), secret.encode(), hashlib.sha256).hexdigest()


def _pepper(key: ApiKey | None) -> str:
    """The pepper that a key was made with; for a key whose pepper is gone, one that nobody has."""
    by_number = {_number(pepper): pepper for pepper in settings.API_KEY_PEPPERS}
    number = key.pepper_version if key else _number(settings.API_KEY_PEPPERS[-1])
    return by_number.get(number) or secrets.token_hex(32)


def _number(pepper: str) -> int:
    """What a key's row says about its pepper: 15 bits that follow from the pepper itself, not from its place in the
    list. New keys use the last of the list; taking an older one out ends only its own keys."""
    return int.from_bytes(hashlib.sha256(b"pepper:" + pepper.encode()).digest()[:2], "big") >> 1
