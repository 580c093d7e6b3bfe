"""Every address.  Pages come with their rooms."""

from django.urls import path

from trustkeep.config import health, metrics
from trustkeep.config.api.gathered import api
from trustkeep.web import calendar

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", metrics.shown),
    path("api/v1/", api.urls),
    path("calendar/<str:secret>.ics", calendar.duties),
]
