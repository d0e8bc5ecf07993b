"""Which colours a page is drawn in: the person's stored choice, else a cookie, else those of the device."""

from django.http import HttpRequest

from payments.models import User

COOKIE = "theme"
COOKIE_AGE = 365 * 24 * 3600


def of(request: HttpRequest | None) -> str:
    """ "light", "dark" or "system". Works without a request, as error pages must."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return str(user.theme)
    chosen = request.COOKIES.get(COOKIE, "") if request is not None else ""
    return chosen if chosen in User.Theme.values else str(User.Theme.SYSTEM)
