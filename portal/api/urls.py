"""Routes of this app's part of the API."""

from django.urls import path

from portal.api import balances, status, timeline

urlpatterns = [
    path("status", status.StatusItem.as_view()),
    path("clients/<str:reference>/balances", balances.ClientBalancesItem.as_view()),
    path("clients/<str:reference>/timeline", timeline.ClientTimeline.as_view()),
]
