"""The runner can fail: each wrong word, figure and silence in a table is found, with its file, line and text."""

import re
from pathlib import Path

import pytest
from django.db import connection

from ledger import posting
from tests.scenarios import books, playing, reading, verbs
from tests.scenarios.cells import Disagreement, TableError

HERE = Path(__file__).parent
README = (HERE / "README.md").read_text()
RIGHT = """\
# A file

## A story

Ada pays Ben.

| name | account | currency | floor | start |
|---|---|---|---|---|
| ada | client/ada/wallet | EUR | 0 | 100 |
| ben | client/ben/wallet | EUR | 0 | |

| name | do | debit → credit | amount | with | outcome | balances | states |
|---|---|---|---|---|---|---|---|
| t1 | post CLIENT_INTERNAL_TRANSFER | ada → ben | 30 | key k1 | posted | ada 70, ben 30 | t1 posted |
| | post CLIENT_INTERNAL_TRANSFER | ada → ben | 30 | key k1 | replayed | unchanged | |
| | post | ada → ben | 70.01 | | refused insufficient_available (account ada, wanted 70.01) | unchanged | |
| p1 | reserve | ada → ben | 20 | | posted | ada 70 out 20, ben 30 in 20 | p1 pending |
| | settle p1 | | 5 | | posted (remaining 15) | ada 65 out 15, ben 35 in 15 | |
| | batch | | | | posted | ada 65 out 15, ben 35 in 15 | |
| b1 | + post | ada → ben | 1 | key k2 | posted | | |
| | + post | ben → ada | 1 | | posted | | |
| | look | | | known t1 | done | ada 70, ben 30 | |
"""
STEPS = RIGHT[RIGHT.index("| name | do") :]
# The same with an account in another currency, which a row looks at.
HEAD = "".join(STEPS.splitlines(keepends=True)[:2])
BEFORE, LOOK = "| EUR | 0 | |\n\n", "| | look | | | effective 2026-01-01 | done | eve 0 | |\n"
DOLLARS = f"{BEFORE.rstrip()}\n| eve | client/eve/wallet | USD | 0 | |\n\n{HEAD}{LOOK}"
CHAIN = """\
## A chain breaks, another holds

| name | account | currency | floor | start |
|---|---|---|---|---|
| ada | client/ada/wallet | EUR | 0 | 10 |
| ben | client/ben/wallet | EUR | 0 | |

| name | do | debit → credit | amount | with | outcome | balances | states |
|---|---|---|---|---|---|---|---|
| | batch each | | | | posted | ada 8 out 1, ben 2 in 1 | t1 posted, p1 pending |
| | + post | ada → ben | 3 | chain a | refused chain_broken (broken_by 1) | | |
| | + post | ben → ada | 4 | chain a | refused insufficient_available (available 3) | | |
| t1 | + post | ada → ben | 2 | key k1, chain b | posted | | |
| p1 | + reserve | ada → ben | 1 | chain b | posted | | |
| | batch | | | | refused chain_broken (index 0, broken_by 1) | unchanged | |
| | + post | ada → ben | 3 | chain a | refused chain_broken (broken_by 1) | | |
| | + post | ben → ada | 9 | chain a | refused insufficient_available | | |
| | + post | ada → ben | 2 | key k1 | | | |
"""


def played(tmp_path, text):
    path = tmp_path / "story.md"
    path.write_text(text)
    return sum(playing.play(scenario) for scenario in reading.read(path))


@pytest.mark.django_db
def test_what_is_right_passes(tmp_path):
    assert played(tmp_path, RIGHT) == 7
    assert played(tmp_path, CHAIN) == 2


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("| name | account |", "| nam | account |", 7, "unknown column 'nam'"),
        ("| outcome | balances |", "| outcome | ballances |", 12, "unknown column 'ballances'"),
        ("| with | outcome |", "| with | with |", 12, "there is no column 'outcome'"),
        ("| amount | with |", "| amount | amount |", 12, "a column stands there twice"),
        ("| posted | ada 70,", "| posted | | ada 70,", 14, "9 cells under 8 columns"),
        ("replayed | unchanged | |", "replayed | unchanged |", 15, "7 cells under 8 columns"),
        ("replayed | unchanged | |", "replayed | unchanged | | and", 15, "a row begins and ends with"),
        ("| | settle p1", "settle p1", 18, "a row begins and ends with"),
        ("Ada pays Ben.", "```", 5, "would never run"),
        ("Ada pays Ben.", "<!--", 5, "would never run"),
        ("## A story", "A story", 7, "would never run"),
        (STEPS, "", 3, "a scenario has a table of accounts and a table of rows"),
        (STEPS, STEPS + "\n## A story\n" + RIGHT[RIGHT.index("\n| name | account") :], 24, "has this heading"),
        ("|---|---|---|---|---|\n", "", 7, "a line of dashes"),
        ("| ben | client/ben", "| ada | client/ben", 10, "'ada' stands there twice"),
        ("| ben | client/ben", "| Ben | client/ben", 10, "'Ben' is no short name"),
        ("| EUR | 0 | |\n", "| EUR | 0 | |\n| eve | client/eve/wallet | EUR | 0 | |\n", 11, "no row uses the account"),
        ("| 0 | 100 |", "| 0 | 1OO |", 9, "'1OO' is no amount"),
        ("| ada → ben | 70.01", "| ada → bne | 70.01", 16, "'bne' is no account"),
        ("| ada → ben | 70.01", "| ada - ben | 70.01", 16, "accounts are written"),
        ("| 70.01 |", "| 70,01 |", 16, "'70,01' is no amount"),
        ("| replayed |", "| repeated |", 15, "'repeated' is no outcome"),
        ("| replayed | unchanged |", "| replayed | |", 15, "a row says its outcome and the balances"),
        ("| replayed | unchanged |", "| | unchanged |", 15, "a row says its outcome and the balances"),
        ("ada 70, ben 30 | t1", "ada 70, ben 30, ada 70 | t1", 14, "stands there twice"),
        ("ada 70, ben 30 | t1", "ada 70, bne 30 | t1", 14, "'bne' is no account"),
        ("| key k1 |", "| key k1, key k2 |", 14, "'key' stands there twice"),
        ("ben 30 in 20", "ben 30 on 20", 17, "is no balance"),
        ("ben 30 in 20", "ben 30 in", 17, "is no balance"),
        ("| | settle p1 |", "| | |", 18, "this row does nothing"),
        ("| | batch |", "| | post |", 20, "an item of a batch above"),
        ("| 1 | | posted | |", "| 1 | | posted | ada 1 |", 21, "what an item leaves behind"),
        ("| | batch | | | |", "| | and | | 1 | |", 19, "adds entries to the row above"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path, right, wrong, line, message):
    assert right in RIGHT
    with pytest.raises(TableError, match=rf"^story.md:{line}: .*{message}"):
        played(tmp_path, RIGHT.replace(right, wrong, 1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("| | settle p1 |", "| | setle p1 |", 18, "unknown verb 'setle'"),
        ("| | settle p1 |", "| | settle p2 |", 18, "settle is followed by the name of a row above"),
        ("| | settle p1 |", "| | settle p1 twice |", 18, "settle has no use for 'twice'"),
        ("| | settle p1 | | 5", "| | void p1 | ada → ben | 5", 18, "void has no accounts of its own"),
        ("| ada → ben | 70.01", "| ada → ben |", 16, "post has an amount in each of its rows"),
        ("CLIENT_INTERNAL_TRANSFER", "CLIENT_TRANSFER", 14, "post is followed by a reason code"),
        ("| key k1 |", "| kye k1 |", 14, "post knows nothing `with` 'kye'"),
        ("| key k1 |", "| key |", 14, "`key` says nothing"),
        ("| known t1 |", "| known t2 |", 22, "no row above has made 't2'"),
        ("| p1 pending |", "| p2 pending |", 17, "no row above has made 'p2' with a state"),
        ("| p1 | reserve", "| t1 | reserve", 17, "'t1' has been made above"),
        ("refused insufficient_available", "refused insufficient", 16, "not the code of a refusal"),
        ("posted | ada 70, ben 30 |", "posted | unchanged |", 14, "what is posted changes a balance"),
        ("| b1 | + post |", "| b1 | + void |", 19, "the items of a batch are posted or reserved"),
        ("| | post | ada → ben | 70.01", "| t2 | post | ada → ben | 70.01", 16, "makes nothing to name"),
        ("client/ada/wallet", "client/ada/purse", 9, "not an account code of the chart"),
        (BEFORE + HEAD, DOLLARS, 20, "a part says its currency where there are several: `in EUR`"),
    ],
)
def test_words_that_mean_nothing_are_refused(tmp_path, right, wrong, line, message):
    assert right in RIGHT
    with pytest.raises(TableError, match=rf"^story.md:{line}: .*{message}"):
        played(tmp_path, RIGHT.replace(right, wrong, 1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("| EUR | 0 | 100 |", "| EUR | none | 100 |", 9, "expected floor None, the account has 0"),
        ("ada 70, ben 30 |", "ada 70.01, ben 30 |", 14, "expected ada 70.01, there is 70$"),
        ("ada 70, ben 30 |", "ada 70 |", 14, "the row does not name client/ben/wallet EUR: expected 0, there is 30"),
        ("ada 70 out 20, ben", "ada 70 out 21, ben", 17, "expected ada 70 out 21, there is 70 out 20"),
        ("ben 30 in 20", "ben 50", 17, "expected ben 50, there is 30 in 20"),
        ("| posted | ada 70,", "| replayed | ada 70,", 14, "expected replayed, the ledger says posted"),
        ("| replayed |", "| posted |", 15, "what is posted changes a balance|expected posted"),
        ("| 70.01 |", "| 70 |", 16, "expected insufficient_available, the ledger says posted"),
        ("| refused insufficient_available", "| refused unbalanced", 16, "expected unbalanced"),
        ("wanted 70.01", "wanted 70.02", 16, "expected wanted 70.02"),
        ("account ada,", "account ben,", 16, "expected account ben"),
        ("(account ada,", "(acount ada,", 16, "expected acount ada"),
        ("(remaining 15)", "(remaining 14)", 18, "expected remaining 14"),
        ("| p1 pending |", "| p1 posted |", 17, "expected p1 posted, it is pending"),
        ("| key k2 | posted |", "| key k2 | replayed |", 20, "expected replayed, the ledger says posted"),
        ("| known t1 | done | ada 70,", "| known t1 | done | ada 65,", 22, "expected ada 65, there was 70$"),
    ],
)
def test_a_table_that_is_not_so_is_found(tmp_path, right, wrong, line, message):
    assert right in RIGHT
    with pytest.raises(TableError, match=rf"(?m)^story.md:{line}: .*({message})") as found:
        played(tmp_path, RIGHT.replace(right, wrong, 1))
    assert RIGHT.replace(right, wrong, 1).splitlines()[line - 1] in str(found.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        (
            "refused chain_broken (broken_by 1) | | |",
            "refused chain_broken (broken_by 2) | | |",
            11,
            "says chain_broken",
        ),
        (
            "refused chain_broken (broken_by 1) | | |",
            "posted | | |",
            11,
            "expected posted, the ledger says chain_broken",
        ),
        ("refused chain_broken (broken_by 1) | | |", "| | |", 11, "expected nothing, the ledger says chain_broken"),
        ("(available 3)", "(available 2)", 12, "'available': '3'"),
        ("refused insufficient_available (", "refused chain_broken (", 12, "the ledger says insufficient_available"),
        ("| 2 | key k1, chain b | posted", "| 2 | key k1, chain b | replayed", 13, "the ledger says posted"),
        ("| 3 | chain a |", "| 3 | |", 11, "expected chain_broken, the ledger says posted"),
        ("| batch each |", "| batch |", 13, "expected posted, the ledger says  {}"),
        ("| posted | ada 8", "| done | ada 8", 10, "expected done, the ledger says posted"),
        ("ada 8 out 1", "ada 9 out 1", 10, "expected ada 9 out 1, there is 8 out 1"),
        ("ada 8 out 1, ben 2 in 1", "ada 8 out 1", 10, "the row does not name client/ben/wallet EUR"),
        ("p1 pending", "p1 posted", 10, "expected p1 posted, it is pending"),
        ("(index 0, broken_by 1) | unchanged", "(index 1, broken_by 1) | unchanged", 15, "expected index 1"),
        ("(index 0, broken_by 1) | unchanged", "(index 0, broken_by 0) | unchanged", 15, "expected broken_by 0"),
        ("broken_by 1) | unchanged", "broken_by 1) | ada 7", 15, "expected ada 7, there is 8 out 1"),
        ("| refused insufficient_available | | |", "| | | |", 17, "expected nothing, the ledger says insuff"),
        ("| 2 | key k1 | | | |", "| 2 | key k1 | refused chain_broken | | |", 18, "expected chain_broken"),
    ],
)
def test_a_chain_that_is_not_so_is_found(tmp_path, right, wrong, line, message):
    assert right in CHAIN
    with pytest.raises(TableError, match=rf"(?m)^story.md:{line}: .*({message})"):
        played(tmp_path, CHAIN.replace(right, wrong, 1))


@pytest.mark.django_db
def test_something_that_moved_behind_a_row_is_found(tmp_path, monkeypatch):
    """A look that posts; the balances that it names are right, and yet it is found."""

    def crooked(story, step):
        for first, second in (("ada", "ben"), ("ben", "ada")):
            legs = [posting.debit(story.refs[first], 1), posting.credit(story.refs[second], 1)]
            posting.post(reason="MANUAL_ADJUSTMENT", legs=legs)
        return books.Answer("done", changes=False)

    monkeypatch.setitem(verbs.VERBS, "look", verbs.Verb(crooked, options=frozenset({"known"})))
    with pytest.raises(Disagreement, match=r"^story.md:22: nothing may change, but ledger_balance did"):
        played(tmp_path, RIGHT)


@pytest.mark.django_db
def test_books_that_are_wrong_at_the_end_are_found(tmp_path, monkeypatch):
    """A look that spoils a figure which no table shows."""

    def spoiling(story, step):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_balance SET seq = seq + 1")
        return books.Answer("done")

    monkeypatch.setitem(verbs.VERBS, "look", verbs.Verb(spoiling, options=frozenset({"known"})))
    with pytest.raises(Disagreement, match=r"^story.md:3: the books are wrong at the end"):
        played(tmp_path, RIGHT)


@pytest.mark.django_db
def test_the_example_of_the_readme_is_right(tmp_path):
    example = README[README.index("| name | account") : README.index("- **balances**")]
    assert played(tmp_path, f"## The example\n\n{example}") == 2


def test_the_readme_names_every_table():
    tables = sorted(path.name for path in (HERE / "tables").glob("*"))
    assert tables == sorted(set(re.findall(r"\(tables/(\w+\.md)\)", README)))


@pytest.mark.django_db
def test_nothing_of_a_scenario_remains(tmp_path):
    before = playing.snapshot()
    played(tmp_path, RIGHT)
    assert playing.snapshot() == before
