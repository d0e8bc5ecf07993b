"""Who acts when a page of the portal acts: see `payments.web`, where the staff pages below the portal find it too."""

from payments.web import actor_of

__all__ = ["actor_of"]
