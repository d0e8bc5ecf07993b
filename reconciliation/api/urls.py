"""Routes of this app's part of the API."""

from django.urls import path

from reconciliation.api import exceptions, statements

urlpatterns = [
    path("exceptions", exceptions.Exceptions.as_view()),
    path("exceptions/<str:reference>", exceptions.ExceptionItem.as_view()),
    path("exceptions/<str:reference>/take", exceptions.ExceptionTake.as_view()),
    path("exceptions/<str:reference>/note", exceptions.ExceptionNote.as_view()),
    path("exceptions/<str:reference>/resolve", exceptions.ExceptionResolve.as_view()),
    path("exceptions/<str:reference>/reopen", exceptions.ExceptionReopen.as_view()),
    path("statements", statements.Statements.as_view()),
    path("statements/<str:reference>", statements.StatementItem.as_view()),
]
