"""The same application for an ASGI server. The code is synchronous; `config/wsgi.py` is what `make run`
serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from config import checks  # noqa: E402 (needs the loaded apps)

checks.refuse_unsafe_start()
