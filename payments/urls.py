"""Addresses under /hooks/: one per connector that sends us messages."""

from django.urls import path

from payments import hooks

urlpatterns = [path("<slug:connector>/", hooks.receive, name="hook")]
