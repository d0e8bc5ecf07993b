"""Why something was refused: one class per cause, a stable code, structured data.

Wording for people lives here only as a plain English `detail`; programs read `code`, `param` and `data`. HTTP status
codes are chosen in `config/problems.py`, never here. A refusal leaves nothing behind.
"""

from typing import Any, ClassVar

# The public names of what a caller may be told of a refusal, in the words of docs/reference/errors.md.
FACTS = {
    "account": "the account's code",
    "available": "what the account had available",
    "belongs_to": "the movement that decides it",
    "broken_by": "in a batch, the index of the item that broke the chain",
    "closed_before": "what took effect before this moment is closed",
    "conversion": "the conversion that used the quote",
    "currency": "the currency of the amounts beside it",
    "declared": "the outside statuses that end it",
    "difference": "credits less debits",
    "direction": "the direction that the original has",
    "draft": "in a batch, the index of the item that has it",
    "expected": "the version that the condition named",
    "expired_at": "when it expired",
    "expires_at": "when it ends by itself",
    "hold": "the hold",
    "original": "what was posted",
    "permission": "the permission that is needed",
    "published_at": "when the rate was published",
    "reason": "the reason code",
    "refundable": "what can still be refunded",
    "remaining": "what is left of it",
    "reversed": "what would have been reversed of it",
    "state": "the state it is in",
    "action": "what was asked of it",
    "transaction": "the transaction",
    "version": "the version that the account has",
    "wanted": "what was asked for",
}
AMOUNTS = frozenset(("available", "difference", "original", "refundable", "remaining", "reversed", "wanted"))
FIGURES = AMOUNTS | {"version"}


class DomainError(Exception):
    """Base of every refusal. `code` is stable and public, `param` names the offending field, `data` holds facts.

    Where one code has several causes that a caller treats differently, `cause` tells them apart: as stable, as public,
    and never the same under two codes. `facts` names what of `data` a caller outside may be told; the rest stays here.
    `figures_need`: the permission without which the figures among them (`FIGURES`) are not told."""

    code = "invalid_request"
    cause = ""
    retryable = False
    facts: ClassVar[tuple[str, ...]] = ()
    figures_need: ClassVar[str] = ""
    default_detail = "The request is not valid."

    def __init__(self, detail: str = "", *, param: str | None = None, **data: Any) -> None:
        self.detail = detail or self.default_detail
        self.param = param
        self.data = data
        super().__init__(self.detail)


def kind_of(code: str, cause: str = "") -> type[DomainError]:
    """The class of a public code and cause; the base class of the code where it has no such cause. Raises KeyError."""
    ours = [kind for kind in kinds() if kind.code == code]
    if not ours:
        raise KeyError(code)
    return next((kind for kind in ours if kind.cause == cause), ours[0])


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
    facts = ("permission",)
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
    facts: ClassVar[tuple[str, ...]] = ("action", "state", "expires_at")
    default_detail = "The current state does not allow this."


class AlreadyPosted(InvalidTransition):
    cause = "already_posted"
    default_detail = "All of it was posted already; nothing is pending."


class VoidAfterPost(InvalidTransition):
    cause = "void_after_post"
    default_detail = "It was posted, so there is nothing to void: reverse what was posted."


class AlreadyVoided(InvalidTransition):
    cause = "already_voided"
    default_detail = "It was voided already; nothing is pending."


class PostAfterVoid(InvalidTransition):
    cause = "post_after_void"
    default_detail = "It was voided, so there is nothing to post: reserve it again."


class AlreadyCaptured(InvalidTransition):
    cause = "already_captured"
    default_detail = "All of it was captured already; nothing is held."


class ReleaseAfterCapture(InvalidTransition):
    cause = "release_after_capture"
    default_detail = "It was captured, so there is nothing to give back: post a refund."


class AlreadyReleased(InvalidTransition):
    cause = "already_released"
    default_detail = "It was released already; nothing is held."


class CaptureAfterRelease(InvalidTransition):
    cause = "capture_after_release"
    default_detail = "It was released, so there is nothing to capture: place another hold."


class Expired(InvalidTransition):
    """Its time has come, whether or not the clock has already given the money back."""

    cause = "expired"
    default_detail = "It has expired."


class NotDue(InvalidTransition):
    cause = "not_due"
    default_detail = "Its time has not come."


class NotPending(InvalidTransition):
    cause = "not_pending"
    default_detail = "Nothing of it was ever pending: only what is reserved can be posted, voided or given more time."


class StatusNotDeclared(InvalidTransition):
    cause = "status_not_declared"
    facts = ("state", "declared")
    default_detail = "It does not name this status as one that ends it."


class NeverExpires(InvalidTransition):
    cause = "never_expires"
    default_detail = "It has no end that could be put off."


class NotLater(InvalidTransition):
    cause = "not_later"
    default_detail = "It ends later than that already; an end can only be put off."


class VersionConflict(DomainError):
    code = "version_conflict"
    facts = ("account", "version", "expected")
    figures_need = "ledger.view_balance"
    default_detail = "It changed since you looked. Look again before you decide."


class IdempotencyInProgress(DomainError):
    code = "idempotency_in_progress"
    retryable = True
    default_detail = "A request with this Idempotency-Key is still running."


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    facts = ("transaction", "draft")
    default_detail = "This idempotency key was used with a different request."


class DuplicateReference(DomainError):
    code = "duplicate_reference"
    facts = ("transaction", "draft")
    default_detail = "This business reference is already posted with a different content."


class InsufficientAvailable(DomainError):
    code = "insufficient_available"
    facts = ("account", "currency", "available", "wanted")
    figures_need = "ledger.view_balance"
    default_detail = "There is not enough available money."


class ConditionNotMet(DomainError):
    code = "condition_not_met"
    facts = ("account", "currency", "available", "wanted")
    figures_need = "ledger.view_balance"
    default_detail = "The account has less available than the condition asks for."


class ChainBroken(DomainError):
    code = "chain_broken"
    facts = ("broken_by",)
    default_detail = "Another transaction of the same chain was refused."


class LimitExceeded(DomainError):
    code = "limit_exceeded"
    facts = ("refundable", "currency")
    default_detail = "The amount is above the limit."


class AccountFrozen(DomainError):
    code = "account_frozen"
    facts = ("account", "currency")
    default_detail = "The account is frozen."


class AccountClosed(DomainError):
    code = "account_closed"
    facts = ("account", "currency")
    default_detail = "The account is closed."


class CurrencyMismatch(DomainError):
    code = "currency_mismatch"
    default_detail = "The currencies do not agree."


class Unbalanced(DomainError):
    code = "unbalanced"
    facts = ("currency", "difference")
    default_detail = "Debits and credits do not balance."


class ReasonNotAllowed(InvalidRequest):
    facts = ("reason",)
    default_detail = "This reason code does not allow these accounts."


class NotDivisible(InvalidRequest):
    cause = "not_divisible"
    facts = ("currency", "remaining", "wanted")
    figures_need = "ledger.view_transaction"
    default_detail = "This part cannot be taken from every entry in exact proportion: give the entries."


class ReversalOfReversal(InvalidRequest):
    cause = "reversal_of_reversal"
    default_detail = "A reversal cannot be reversed: post the original movement again."


class MovesHold(InvalidRequest):
    cause = "moves_hold"
    default_detail = "What a hold moved is not reversed: release what is still held, or post the refund as it is."


class EntriesMirrored(InvalidRequest):
    cause = "entries_mirrored"
    facts = ("account", "direction")
    default_detail = "Give the entries as they stand in the original, in their own directions."


class NotInOriginal(InvalidRequest):
    cause = "not_in_original"
    facts = ("account", "currency")
    default_detail = "The original has no entry of this account."


class NothingPosted(InvalidRequest):
    cause = "nothing_posted"
    default_detail = "Only posted entries can be reversed: void a pending transaction."


class PeriodClosed(DomainError):
    code = "period_closed"
    facts = ("closed_before",)
    default_detail = "The period is closed."


class OverReversal(DomainError):
    code = "over_reversal"
    facts = ("account", "currency", "remaining", "wanted", "original", "reversed")
    figures_need = "ledger.view_transaction"
    default_detail = "The reversals would exceed the original."


class AlreadyReversed(OverReversal):
    cause = "already_reversed"
    default_detail = "All of it was reversed already; nothing is left."


class OverCapture(DomainError):
    code = "over_capture"
    cause = "over_capture"
    facts: ClassVar[tuple[str, ...]] = ("currency", "remaining", "wanted")
    figures_need = "ledger.view_hold"
    default_detail = "The amount exceeds what is still held."


class OverPost(OverCapture):
    cause = "over_post"
    facts = ("account", "currency", "remaining", "wanted")
    figures_need = "ledger.view_transaction"
    default_detail = "The amount exceeds what is still pending."


class OverRelease(OverCapture):
    cause = "over_release"
    default_detail = "The amount exceeds what is still held."


class PolicyRefused(DomainError):
    code = "policy_refused"
    facts = ("belongs_to",)
    default_detail = "A policy does not allow this."


class RateLimited(DomainError):
    code = "rate_limited"
    retryable = True
    default_detail = "Too many requests. Try again later."


class Unavailable(DomainError):
    code = "unavailable"
    retryable = True
    default_detail = "A system that is needed cannot be reached. Nothing was done."
