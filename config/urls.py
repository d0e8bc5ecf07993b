"""Every address of the product, by prefix. Apps bring their own `urls.py`; nothing is routed by hand here."""

from importlib.util import find_spec

from allauth.account.decorators import secure_admin_login
from csp.decorators import csp_update
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health

admin.autodiscover()
# Staff sign in where everybody does: same throttling, same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# The page has one inline style sheet; the policy allows exactly that text, and a test tells when it changes.
DOCS_STYLE = "'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"
docs = csp_update({"style-src": DOCS_STYLE})(SpectacularSwaggerSplitView.as_view(url_name="schema"))

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("config.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", docs, name="api-docs"),
]
for prefix, module in (("hooks/", "payments.urls"), ("", "portal.urls")):
    if find_spec(module):
        urlpatterns.append(path(prefix, include(module)))

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
