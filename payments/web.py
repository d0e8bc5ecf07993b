"""Who acts when a page or a request acts: the one place where a web request becomes an `Actor`."""

from django.http import HttpRequest

from payments.actors import Actor

_DEVICE_LENGTH = 200


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person with address, device and request id, for services and for the event log."""
    return Actor.for_user(
        request.user,
        ip=request.META.get("REMOTE_ADDR") or None,
        device=request.headers.get("User-Agent", "")[:_DEVICE_LENGTH],
        request_id=getattr(request, "request_id", ""),
    )
