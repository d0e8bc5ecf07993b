"""What rules answer: allow, second approval, review, hold or refuse, each with a code and words for both sides."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# In order of severity: the decision of all rules together is the most severe answer.
VERDICTS = ("allow", "second_approval", "review", "hold", "refuse")


@dataclass(frozen=True)
class Answer:
    """One rule's answer. `figures` are the numbers it looked at, as text, for the page that explains it."""

    rule: str
    verdict: str
    staff: str
    client: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def passed(self) -> bool:
        return self.verdict == "allow"


@dataclass(frozen=True)
class Decision:
    """All answers together."""

    answers: tuple[Answer, ...]

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Decision":
        return cls(tuple(answers))

    @property
    def verdict(self) -> str:
        return max((answer.verdict for answer in self.answers), key=VERDICTS.index, default="allow")

    @property
    def refusal(self) -> Answer | None:
        return next((answer for answer in self.answers if answer.verdict == "refuse"), None)

    @property
    def approvals_needed(self) -> int:
        return 2 if any(answer.verdict == "second_approval" for answer in self.answers) else 1

    def as_json(self) -> dict[str, Any]:
        """For the row of the movement: the decision, its facts and the rule versions."""
        return {"verdict": self.verdict, "answers": [asdict(answer) for answer in self.answers]}
