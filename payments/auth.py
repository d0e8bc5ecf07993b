"""Answering `user.has_perm(…)` from the one table in `payments.roles`, for admin, portal, templates and django-fsm.

Roles are read from the database once per request object, so a change of role acts at the next request. A superuser is
an operator of the installation, not of the money: without a role, nothing here grants anything.
"""

from typing import Any

from payments.roles import ROLES, permissions_of


class RolesBackend:
    """An authentication backend that authenticates nobody and authorises by role."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: int) -> None:
        return None

    def has_perm(self, user: Any, permission: str, obj: Any = None) -> bool:
        return bool(user.is_active) and permission in permissions_of(user.roles)

    def has_module_perms(self, user: Any, app_label: str) -> bool:
        return bool(user.is_active) and any(p.startswith(f"{app_label}.") for p in permissions_of(user.roles))


def sync_groups(**_: Any) -> None:
    """Make the groups agree with the roles; runs after every migrate."""
    from django.contrib.auth.models import Group

    Group.objects.bulk_create([Group(name=role) for role in ROLES], ignore_conflicts=True)
