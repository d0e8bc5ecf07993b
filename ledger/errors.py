"""Why something was refused: one class per cause, a stable code, structured data.

Wording for people lives here only as a plain English `detail`; programs read `code`, `param` and `data`. HTTP status
codes are chosen in `config/api.py`, never here. A refusal leaves nothing behind.
"""

from typing import Any


class DomainError(Exception):
    """Base of every refusal. `code` is stable and public, `param` names the offending field, `data` holds facts."""

    code = "invalid_request"
    retryable = False
    default_detail = "The request is not valid."

    def __init__(self, detail: str = "", *, param: str | None = None, **data: Any) -> None:
        self.detail = detail or self.default_detail
        self.param = param
        self.data = data
        super().__init__(self.detail)


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


class PeriodClosed(DomainError):
    code = "period_closed"
    default_detail = "The period is closed."


class OverReversal(DomainError):
    code = "over_reversal"
    default_detail = "The reversals would exceed the original."


class OverCapture(DomainError):
    code = "over_capture"
    default_detail = "The amount exceeds what remains."


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
