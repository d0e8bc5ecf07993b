"""Settings of what people and programs see: page policy, REST framework, OpenAPI document, staff admin.

The page policy is strict for everybody. The staff admin alone gets a looser one (its scripts evaluate
expressions), see `config/middleware.py`; money pages inside the admin are forms with business verbs, never
raw change forms.
"""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from config.settings.unfold import UNFOLD  # noqa: F401 (settings are layered by import)


def page_policy(*form_targets: str) -> dict[str, Any]:
    """Content-Security-Policy for every page; `form_targets` are the payment pages a form may lead to."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF],
            "manifest-src": [SELF],
            "form-action": [SELF, *form_targets],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
        }
    }


# Unfold ships the build of Alpine that evaluates expressions and sets styles inline.
ADMIN_POLICY: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "payments.api.authentication.KeyAuthentication",
        "payments.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["ledger.api.permissions.DeclaredPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["payments.api.throttles.CallerThrottle"],
    # Per key or person; `refused` counts refused credentials per address.
    "DEFAULT_THROTTLE_RATES": {"read": "6000/min", "write": "3000/min", "refused": "60/min"},
    "DEFAULT_PARSER_CLASSES": ["config.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.AlwaysAnswer",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.openapi.Schema",
    "EXCEPTION_HANDLER": "config.api.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,  # `format=csv` is a parameter of our own reports
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NUM_PROXIES": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Wherewithal",
    "DESCRIPTION": "One ledger for every wallet, deposit, transfer and withdrawal. Amounts are decimal "
    "strings with their currency; every POST that can move money needs an Idempotency-Key.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False},
    "COMPONENT_SPLIT_REQUEST": False,  # bodies and answers are classes of their own
    "POSTPROCESSING_HOOKS": ["config.openapi_sharing.share"],  # choices stand where they are used
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
