"""The WSGI application, with the kernel wired to its keys."""

from django.core.wsgi import get_wsgi_application

from trustkeep.config import environment, start
from trustkeep.config.serving import web
from trustkeep.kernel.keys.providers import InheritedProvider
from trustkeep.web import chunked

_handle = web.begin()
start.django()
start.wire(environment.current(), InheritedProvider(_handle) if _handle is not None else None)
start.keep_watch()

application = chunked.measured(get_wsgi_application())
