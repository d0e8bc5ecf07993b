"""The form that every wording takes: five answers, a status word with its tone, and a place in a fixed tracker."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

NOTHING_MORE = _("Nothing more happens: this is finished.")
NO_ACT = _("Nothing.")


class Tone(StrEnum):
    """What a status means at a glance. Each tone has a shape and a colour; the word stands beside them."""

    WAITING = "waiting"
    MOVING = "moving"
    DONE = "done"
    STOPPED = "stopped"
    ATTENTION = "attention"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Five answers: `title` (what; how much stands beside it), `where` (is it now), `next` (happens), `usually`, `by`
    and `late` (when, at the latest, and what we do if that passes), `act` (what the client must do).

    `by` needs a known time and replaces `usually`. `step` is the tracker's current step; at its length all are done."""

    status: Text
    tone: Tone
    title: Text
    where: Text
    step: int
    next: Text = NOTHING_MORE
    usually: Text = ""
    by: Text = ""
    late: Text = ""
    act: Text = NO_ACT
    stopped: bool = False
    yours: bool = False
    moved: bool = True

    @property
    def final(self) -> bool:
        return self.tone in (Tone.DONE, Tone.STOPPED)

    @property
    def groups(self) -> tuple[str, ...]:
        """The filter groups it belongs to; `yours` are those that wait for the client."""
        group = {Tone.DONE: "done", Tone.STOPPED: "stopped"}.get(self.tone, "open")
        return (group, "yours") if self.yours else (group,)

    @property
    def texts(self) -> tuple[Text, ...]:
        return (self.title, self.where, self.next, self.usually, self.by, self.late, self.act)


@dataclass(frozen=True)
class Noun:
    """All states of one noun, the steps of its tracker, and the names that its sentences may use."""

    name: str
    steps: tuple[Text, ...]
    values: frozenset[str]
    states: Mapping[str, Wording]
