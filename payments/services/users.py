"""People who work for the firm: made, given roles and shut out by an administrator, never by themselves.

Roles are the only source of rights, and no person holds two that together could make and approve the same thing. A
change acts at the person's next request. Clients are made by `payments.services.clients`.
"""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DuplicateReference, InvalidRequest, PolicyRefused, SelfApproval
from payments.actors import Actor
from payments.models import User
from payments.roles import CLIENT, ROLES, toxic_pair
from payments.services import locking

PERMISSION = "payments.manage_users"
STAFF_ROLES = tuple(role for role in ROLES if role != CLIENT)


def create(*, email: str, full_name: str, roles: Iterable[str], actor: Actor, now: datetime) -> User:
    """Make a staff member without a password: the person sets it through the link in a mail.

    Raises Forbidden, InvalidRequest (param "email", "full_name" or "roles"), DuplicateReference (param "email"),
    PolicyRefused (param "roles") for roles that one person must not hold together."""
    actor.require(PERMISSION)
    wanted = _checked(roles, held=frozenset())
    if not 1 <= len(full_name.strip()) <= 200:
        raise InvalidRequest("A name has 1 to 200 characters.", param="full_name")
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidRequest("This is not an e-mail address.", param="email") from None

    def work() -> User:
        if User.objects.filter(email__iexact=email).exists():
            raise DuplicateReference("Somebody has this e-mail address already.", param="email")
        user = User.objects.create_user(email, None, full_name=full_name.strip(), is_staff=True)
        user.groups.set(Group.objects.filter(name__in=wanted))
        _record(user, "user.created", actor, now, before=None, after={"roles": sorted(wanted)})
        return user

    return unit_of_work(work)


def set_roles(*, user_id: int, roles: Iterable[str], actor: Actor, now: datetime) -> User:
    """Give a person exactly these staff roles; none shuts the staff pages. The role of a client is kept.

    Raises Forbidden, NotFound, SelfApproval for oneself, InvalidRequest and PolicyRefused (param "roles")."""
    actor.require(PERMISSION)
    wanted = frozenset(roles)

    def work() -> User:
        user = _other(user_id, actor)
        held = frozenset(user.groups.values_list("name", flat=True))
        new = _checked(wanted, held=held & {CLIENT}, may_be_none=True)
        if new == held:
            return user
        user.groups.set(Group.objects.filter(name__in=new))
        user.is_staff = bool(new - {CLIENT})
        user.save(update_fields=["is_staff"])
        user.__dict__.pop("roles", None)
        _record(user, "user.roles_changed", actor, now, before={"roles": sorted(held)}, after={"roles": sorted(new)})
        return user

    return unit_of_work(work)


def set_active(*, user_id: int, active: bool, actor: Actor, now: datetime) -> User:
    """Shut a person out, or let them in again; sessions and the person's API keys follow at the next request.

    Raises Forbidden, NotFound, SelfApproval for oneself."""
    actor.require(PERMISSION)

    def work() -> User:
        user = _other(user_id, actor)
        if user.is_active == active:
            return user
        user.is_active = active
        user.save(update_fields=["is_active"])
        event = "user.enabled" if active else "user.disabled"
        _record(user, event, actor, now, before={"active": not active}, after={"active": active})
        return user

    return unit_of_work(work)


def _other(user_id: int, actor: Actor) -> User:
    user = locking.locked(User, user_id, param="user")
    if actor.person == user.public_id:
        raise SelfApproval("Nobody changes their own rights. Ask another administrator.")
    return user


def _checked(roles: Iterable[str], *, held: frozenset[str], may_be_none: bool = False) -> frozenset[str]:
    wanted = frozenset(roles)
    if not wanted <= set(STAFF_ROLES):
        raise InvalidRequest(f"A staff role is one of: {', '.join(STAFF_ROLES)}.", param="roles")
    if not wanted and not may_be_none:
        raise InvalidRequest("Give at least one role.", param="roles")
    if pair := toxic_pair(wanted | held):
        one, other = (role.replace("_", " ") for role in pair)
        raise PolicyRefused(f"One person must not be both {one} and {other}.", param="roles")
    return wanted | held


def _record(
    user: User, event: str, actor: Actor, now: datetime, *, before: dict[str, object] | None, after: dict[str, object]
) -> None:
    events.record(type=event, object_ref=user.public_id, actor=actor, before=before, after=after, occurred_at=now)
