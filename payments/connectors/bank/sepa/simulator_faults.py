"""How the simulated bank misbehaves: what each fault of the script does, before the work, after it, or instead of it.

The words are documented in `simulator.py`. A fault only ever concerns the answer: whether the work was done is decided
by where it strikes, so that a test can say what must be true in the bank's books afterwards.
"""

import time

from payments.connectors.simulation import DroppedConnection, Fault, Response


def before(fault: Fault | None) -> Response | None:
    """What a fault does before the bank has taken anything."""
    if fault is None:
        return None
    if fault.do == "drop_before":
        raise DroppedConnection
    if fault.do == "hang_before":
        time.sleep(fault.seconds)
    if fault.do == "http_500_before":
        return Response.json({"code": "internal_error"}, status=500)
    if fault.do == "refuse":
        code = str(fault.data.get("code", "refused"))
        message = str(fault.data.get("message", "The bank does not take this file."))
        return Response.json({"code": code, "message": message}, status=422)
    return None


def after(fault: Fault | None) -> Response | None:
    """What a fault does after the bank has taken the file, instead of the answer."""
    if fault is None:
        return None
    if fault.do == "drop_after":
        raise DroppedConnection
    if fault.do == "hang_after":
        time.sleep(fault.seconds)
    if fault.do == "http_500_after":
        return Response.json({"code": "internal_error"}, status=500)
    return None


def trouble(fault: Fault | None) -> Response | None:
    """The faults that reading doors share."""
    if fault is None:
        return None
    if fault.do == "drop":
        raise DroppedConnection
    if fault.do == "lag":
        time.sleep(fault.seconds)
    if fault.do == "http_500":
        return Response.json({"code": "internal_error"}, status=500)
    return None
