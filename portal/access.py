"""The one gate of the portal: signed in, allowed, and only over one's own money.

Every view of the portal is wrapped by `client_page`; a test walks all addresses and finds any that is not. What belongs
to somebody else does not exist here: it is 404, never 403.
"""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from ledger.errors import DomainError, NotFound, Unavailable
from payments.models import Client, User
from payments.models.base import PublicModel
from portal import explanations

PERMISSION = "payments.use_portal"
STAFF_PERMISSION = "payments.enter_staff"

Rest = ParamSpec("Rest")
Own = TypeVar("Own", bound=PublicModel)


class ClientRequest(HttpRequest):
    """A request that has passed the gate: `client` is the signed-in person's own."""

    client: Client


View = Callable[Concatenate[ClientRequest, Rest], HttpResponseBase]
Gated = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


def client_page(view: View[Rest]) -> Gated[Rest]:
    """Let a client through to his own money, in his own zone; send staff to their pages, everyone else to sign in.

    A refusal that no form has shown becomes a plain page with its status, never a 500."""

    @login_required
    @functools.wraps(view)
    def gate(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        user = request.user
        if not user.has_perm(PERMISSION):
            if user.has_perm(STAFF_PERMISSION):
                return redirect("admin:index")
            raise PermissionDenied
        client = Client.objects.filter(user=cast(User, user)).first()
        if client is None:
            raise PermissionDenied
        request.client = client  # type: ignore[attr-defined]
        with timezone.override(ZoneInfo(client.timezone)):
            response = _answer(view, request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    gate.client_page = True  # type: ignore[attr-defined]
    return gate


def _answer(view: View[Rest], request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)  # type: ignore[arg-type]
    except NotFound as error:
        raise Http404 from error
    except Unavailable as error:
        response = refused(request, error, status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = "2"
        return response
    except DomainError as error:
        return refused(request, error, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def refused(request: HttpRequest, error: DomainError, *, status: int) -> HttpResponse:
    """The page that says why something was not done, and that nothing was."""
    return render(request, "portal/refused.html", {"why": explanations.of_refusal(error)}, status=status)


def own(model: type[Own], client: Client, public_id: str) -> Own:
    """The client's own row with this public id. Raises NotFound for one that is absent or somebody else's."""
    rows: models.QuerySet[Own] = model._default_manager.filter(client=client)
    found = rows.filter(pk=model.key(public_id)).first()
    if found is None:
        raise NotFound
    return found
