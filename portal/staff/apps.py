"""Makes the staff site the admin of this project."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "portal.staff.site.StaffSite"
