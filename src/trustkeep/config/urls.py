"""Every address.  Pages come with their rooms."""

from django.urls import path

from trustkeep.config import health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
]
