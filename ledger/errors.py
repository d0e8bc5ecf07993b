"""Why something was refused: one class per cause, a stable code, structured data.

Wording for people lives here only as a plain English `detail`; programs read `code`, `param` and `data`. HTTP status
codes are chosen in `config/api.py`, never here. A refusal leaves nothing behind.
"""

from typing import Any


class DomainError(Exception):
    """Base of every refusal. `code` is stable and public, `param` names the offending field, `data` holds facts.

    Where one code has several causes that a caller treats differently, `cause` tells them apart: as stable, as public,
    and never the same under two codes."""

    code = "invalid_request"
    cause = ""
    retryable = False
    default_detail = "The request is not valid."

    def __init__(self, detail: str = "", *, param: str | None = None, **data: Any) -> None:
        self.detail = detail or self.default_detail
        self.param = param
        self.data = data
        super().__init__(self.detail)


def kinds() -> list[type[DomainError]]:
    """Every class of refusal that exists, a base before what refines it."""
    found: list[type[DomainError]] = list(DomainError.__subclasses__())
    for kind in found:
        found.extend(kind.__subclasses__())
    return found


class InvalidRequest(DomainError):
    pass


class InvalidAmount(InvalidRequest):
    default_detail = "The amount is not valid."


class IdempotencyKeyRequired(DomainError):
    code = "idempotency_key_required"
    default_detail = "Send an Idempotency-Key header (1 to 255 characters) with this request."


class AuthenticationFailed(DomainError):
    code = "authentication_failed"
    default_detail = "The credentials are missing or not valid."


class Forbidden(DomainError):
    code = "insufficient_scope"
    default_detail = "Your role does not allow this."


class SelfApproval(DomainError):
    code = "self_approval"
    default_detail = "The person who made this item cannot decide it."


class StepUpRequired(DomainError):
    code = "step_up_required"
    default_detail = "Confirm it is you, then try again."


class NotFound(DomainError):
    code = "not_found"
    default_detail = "There is no such object, or it is not yours to see."


class InvalidTransition(DomainError):
    code = "invalid_transition"
    default_detail = "The current state does not allow this."


class AlreadyPosted(InvalidTransition):
    cause = "already_posted"
    default_detail = "All of it was posted already; nothing is pending."


class AlreadyVoided(InvalidTransition):
    cause = "already_voided"
    default_detail = "It was voided already; nothing is pending."


class AlreadyCaptured(InvalidTransition):
    cause = "already_captured"
    default_detail = "All of it was captured already; nothing is held."


class AlreadyReleased(InvalidTransition):
    cause = "already_released"
    default_detail = "It was released already; nothing is held."


class Expired(InvalidTransition):
    """Its time has come, whether or not the clock has already given the money back."""

    cause = "expired"
    default_detail = "It has expired."


class NotDue(InvalidTransition):
    cause = "not_due"
    default_detail = "Its time has not come."


class StatusNotDeclared(InvalidTransition):
    cause = "status_not_declared"
    default_detail = "It does not name this status as one that ends it."


class NeverExpires(InvalidTransition):
    cause = "never_expires"
    default_detail = "It has no end that could be put off."


class NotLater(InvalidTransition):
    cause = "not_later"
    default_detail = "It ends later than that already; an end can only be put off."


class VersionConflict(DomainError):
    code = "version_conflict"
    default_detail = "It changed since you looked. Look again before you decide."


class IdempotencyInProgress(DomainError):
    code = "idempotency_in_progress"
    retryable = True
    default_detail = "A request with this Idempotency-Key is still running."


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    default_detail = "This idempotency key was used with a different request."


class DuplicateReference(DomainError):
    code = "duplicate_reference"
    default_detail = "This business reference is already posted with a different content."


class InsufficientAvailable(DomainError):
    code = "insufficient_available"
    default_detail = "There is not enough available money."


class ConditionNotMet(DomainError):
    code = "condition_not_met"
    default_detail = "The account has less available than the condition asks for."


class ChainBroken(DomainError):
    code = "chain_broken"
    default_detail = "Another transaction of the same chain was refused."


class LimitExceeded(DomainError):
    code = "limit_exceeded"
    default_detail = "The amount is above the limit."


class AccountFrozen(DomainError):
    code = "account_frozen"
    default_detail = "The account is frozen."


class AccountClosed(DomainError):
    code = "account_closed"
    default_detail = "The account is closed."


class CurrencyMismatch(DomainError):
    code = "currency_mismatch"
    default_detail = "The currencies do not agree."


class Unbalanced(DomainError):
    code = "unbalanced"
    default_detail = "Debits and credits do not balance."


class ReasonNotAllowed(InvalidRequest):
    default_detail = "This reason code does not allow these accounts."


class NotDivisible(InvalidRequest):
    cause = "not_divisible"
    default_detail = "This part cannot be taken from every entry in exact proportion: give the entries."


class ReversalOfReversal(InvalidRequest):
    cause = "reversal_of_reversal"
    default_detail = "A reversal cannot be reversed: post the original movement again."


class MovesHold(InvalidRequest):
    cause = "moves_hold"
    default_detail = "What a hold moved is not reversed: release what is still held, or post the refund as it is."


class NothingPosted(InvalidRequest):
    cause = "nothing_posted"
    default_detail = "Only posted entries can be reversed: void a pending transaction."


class PeriodClosed(DomainError):
    code = "period_closed"
    default_detail = "The period is closed."


class OverReversal(DomainError):
    code = "over_reversal"
    default_detail = "The reversals would exceed the original."


class OverCapture(DomainError):
    code = "over_capture"
    default_detail = "The amount exceeds what remains."


class OverPost(OverCapture):
    cause = "over_post"
    default_detail = "The amount exceeds what is still pending."


class OverRelease(OverCapture):
    cause = "over_release"
    default_detail = "The amount exceeds what is still held."


class PolicyRefused(DomainError):
    code = "policy_refused"
    default_detail = "A policy does not allow this."


class RateLimited(DomainError):
    code = "rate_limited"
    retryable = True
    default_detail = "Too many requests. Try again later."


class Unavailable(DomainError):
    code = "unavailable"
    retryable = True
    default_detail = "A system that is needed cannot be reached. Nothing was done."
