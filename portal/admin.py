"""Adds to the staff pages what only the top layer knows. Loaded by Django together with the other apps' admins."""

from portal.staff import related

__all__ = ["related"]
