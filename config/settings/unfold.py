"""Settings of the staff pages' clothes: names, colours, side bar, own styles. Unfold reads them by name."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Wherewithal",
    "SITE_HEADER": "Wherewithal",
    "SITE_SUBHEADER": "Back office",
    "SITE_URL": None,
    "SITE_SYMBOL": "account_balance_wallet",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "portal.staff.look.favicon"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.context.environment_label",
    "STYLES": ["portal.staff.look.styles"],
    "SCRIPTS": ["portal.staff.look.script"],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "portal.staff.navigation.groups",
    },
    "ACCOUNT": {"navigation": "portal.staff.navigation.account_links"},
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": {
            "50": "#f7f8f6", "100": "#eff1ee", "200": "#e0e5e1", "300": "#cad1cc", "400": "#94a39b", "500": "#5f6f67",
            "600": "#4a5852", "700": "#3a4741", "800": "#28332e", "900": "#151d1a", "950": "#0d1311",
        },
        "primary": {
            "50": "#e9f5ef", "100": "#d3ebe0", "200": "#a9d8c4", "300": "#74d4b2", "400": "#57bf9c", "500": "#3fae8a",
            "600": "#0f7158", "700": "#0b5d48", "800": "#084636", "900": "#063528", "950": "#04231b",
        },
    },
}  # fmt: skip
