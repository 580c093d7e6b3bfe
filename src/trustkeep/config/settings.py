"""Django's settings, all of them derived from `environment`."""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.functional import lazy

from trustkeep.config import database, logs, secret
from trustkeep.config.environment import current

_environment = current()
_package = Path(__file__).parent.parent


def _apps() -> list[str]:
    """The kernel's parts and the rooms that are Django apps: those with an `apps.py`."""
    found = sorted(_package.glob("kernel/*/apps.py")) + sorted(_package.glob("rooms/*/apps.py"))
    return [".".join(("trustkeep", *path.parent.relative_to(_package).parts)) for path in found]


# Lazy: merely reading the settings must not make a folder.
SECRET_KEY = lazy(lambda: _environment.secret_key or secret.kept_in(_environment.home), str)()
DEBUG = False
PUBLIC_URL = _environment.public_url
_host = urlsplit(PUBLIC_URL).hostname or "localhost"
# On this machine alone, whoever types the address types any of its names.
_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS: list[str] = _LOOPBACK if _host in {"localhost", "127.0.0.1", "::1"} else [_host]
COMPANY_ZONE = _environment.time_zone
ROOT_URLCONF = "trustkeep.config.urls"
INSTALLED_APPS = ["procrastinate.contrib.django", "trustkeep.config", "trustkeep.web", *_apps()]
MIDDLEWARE: list[str] = [
    "trustkeep.config.latency.measured",
    "trustkeep.web.middleware.known_host",
    "trustkeep.web.api.answers.kept_private",
]
DATABASES = {"default": database.settings(_environment)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LOGGING = logs.settings(_environment.log_level)
