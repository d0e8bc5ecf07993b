"""The web process. Refuses to start on unsafe production settings instead of serving with them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from config import checks  # noqa: E402 (needs the loaded apps)

checks.refuse_unsafe_start()
