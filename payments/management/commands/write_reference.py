"""Write the reference pages that are made from code: roles, states, reason codes, chart of accounts, refusals.

With `--check`, write nothing and fail when a page on disk is not what the code says.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import problems
from ledger import errors
from ledger.chart import KINDS
from ledger.reasons import REASONS
from payments.roles import PERMISSIONS, ROLES, TOXIC_PAIRS
from payments.states import GRAPHS, Graph


def roles_page() -> str:
    """Every permission with the roles that have it."""
    lines = ["# Roles and permissions", "", "Made from `payments/roles.py` by `manage.py write_reference`.", ""]
    lines += ["| Role | For |", "|---|---|", *(f"| `{role}` | {text} |" for role, text in ROLES.items()), ""]
    lines += ["One person must not hold both of:", ""]
    lines += [f"- `{one}` and `{other}`" for one, other in TOXIC_PAIRS]
    lines += ["", f"| Permission | Allows | {' | '.join(ROLES)} |", f"|---|---|{'---|' * len(ROLES)}"]
    for name, (text, holders) in PERMISSIONS.items():
        marks = " | ".join("yes" if role in holders else "" for role in ROLES)
        lines.append(f"| `{name}` | {text} | {marks} |")
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """Every state graph as a picture and as a table."""
    lines = ["# States", "", "Made from `payments/states.py` by `manage.py write_reference`.", ""]
    for graph in GRAPHS:
        lines += [f"## {graph.noun.capitalize()}", "", *_picture(graph), "", *_edges(graph), ""]
    return "\n".join(lines).rstrip() + "\n"


def _picture(graph: Graph) -> list[str]:
    arrows = [f"    {source} --> {edge.target}: {edge.name}" for edge in graph.edges for source in edge.sources]
    ends = [f"    {state} --> [*]" for state in graph.final_states]
    return ["```mermaid", "stateDiagram-v2", f"    [*] --> {graph.initial}", *arrows, *ends, "```"]


def _edges(graph: Graph) -> list[str]:
    rows = []
    for edge in graph.edges:
        who = f"`{edge.permission}`" if edge.permission else "the system"
        rows.append(f"| {edge.name} | {', '.join(edge.sources)} | {edge.target} | {who} |")
    return ["| Step | From | To | Who |", "|---|---|---|---|", *rows]


def reasons_page() -> str:
    """Every reason code."""
    lines = ["# Reason codes", "", "Made from `ledger/reasons.py` by `manage.py write_reference`.", ""]
    lines += ["| Code | Clients read | Debits | Credits | Reversed by | Frozen accounts |", "|---|---|---|---|---|---|"]
    for reason in REASONS.values():
        debits, credits = (", ".join(sorted(kinds)) or "any" for kinds in (reason.debits, reason.credits))
        passes = "pass" if reason.passes_freeze else "refuse"
        reversal = f"`{reason.reversal_code}`" if reason.reversal_code in REASONS else ""
        lines.append(f"| `{reason.code}` | {reason.title} | {debits} | {credits} | {reversal} | {passes} |")
    return "\n".join(lines) + "\n"


def chart_page() -> str:
    """The chart of accounts."""
    lines = ["# Chart of accounts", "", "Made from `ledger/chart.py` by `manage.py write_reference`.", ""]
    lines += ["| Kind | Code | Category | Running | Floor |", "|---|---|---|---|---|"]
    for kind in KINDS.values():
        code = kind.pattern.replace("(?P<owner>[a-z0-9_]{1,40})", "<owner>").replace(
            "[a-z0-9][a-z0-9_-]{0,39}", "<name>"
        )
        code = code.replace("|", "\\|")
        floor = "" if kind.floor is None else f"{kind.floor:f}"
        lines.append(f"| {kind.name} | `{code}` | {kind.category} | {'yes' if kind.running else ''} | {floor} |")
    return "\n".join(lines) + "\n"


def _facts(kind: type[errors.DomainError]) -> str:
    return ", ".join(f"`{name}`" for name in kind.facts)


def errors_page() -> str:
    """Every refusal: its code, the causes that a code has, and what they say."""
    lines = [
        "# Refusals",
        "",
        "Made from `config/problems.py` and `ledger/errors.py` by `manage.py write_reference`.",
        "",
    ]
    lines += [
        "A refusal is a problem document (RFC 9457): `code`, where one code has several causes `cause`, `param` for the"
    ]
    lines += [
        "field that is meant, and `facts`. It leaves nothing behind. Codes and causes are added, never renamed.",
        "",
    ]
    lines += ["| Status | `code` | `cause` | Says | `facts` | Again later |", "|---|---|---|---|---|---|"]
    kinds = errors.kinds()
    for code, problem in problems.KINDS.items():
        ours = [kind for kind in kinds if kind.code == code]
        said = next((kind.default_detail for kind in ours if not kind.cause), f"{problem.title}.")
        facts = _facts(ours[0]) if ours else ""
        lines.append(f"| {problem.status} | `{code}` | | {said} | {facts} | {'yes' if problem.retryable else ''} |")
        lines += [f"| | | `{kind.cause}` | {kind.default_detail} | {_facts(kind)} | |" for kind in ours if kind.cause]
    lines += ["", "## Facts", ""]
    lines += ["Texts all: amounts are exact, with the decimals of the `currency` beside them, moments RFC 3339 in UTC,"]
    lines += ["objects their ids. A figure is only told to whoever may read it where it stands.", ""]
    lines += ["| Name | Is |", "|---|---|", *(f"| `{name}` | {words} |" for name, words in errors.FACTS.items())]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/roles.md": roles_page,
    "docs/reference/reasons.md": reasons_page,
    "docs/reference/accounts.md": chart_page,
    "docs/reference/errors.md": errors_page,
    "docs/flows/states.md": states_page,
}


class Command(BaseCommand):
    help = "Write docs/reference and docs/flows/states.md from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when a page differs, write nothing")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        stale = []
        for name, page in PAGES.items():
            path = Path(settings.ROOT) / name
            text = page()
            if path.exists() and path.read_text() == text:
                continue
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        if check and stale:
            raise CommandError(f"Not what the code says: {', '.join(stale)}. Run manage.py write_reference.")
        self.stdout.write(f"{len(stale)} pages written" if stale else "all pages agree with the code")
