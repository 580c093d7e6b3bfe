"""The plain way behind the same server and middleware: a row by the ORM, and a row that says so."""

import json
import os

from django.core.wsgi import get_wsgi_application
from django.db import models, transaction
from django.http import JsonResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustkeep.config.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402
from shop import FIELDS, plain_models  # noqa: E402

Plain, Audit = plain_models(models)


def read(request):
    asked = json.loads(request.body)
    with transaction.atomic():
        found = Plain.objects.get(pk=asked["customer"])
        Audit.objects.create(
            actor="bench", customer=found.pk, purpose=asked["purpose"], fields=asked["fields"]
        )
    return JsonResponse({field: getattr(found, field) for field in FIELDS})


urlpatterns = [path("plain", read)]
settings.ROOT_URLCONF = __name__
