"""One page a submission: what became of each answer, as the learner's own notebook would show it.

The page stands alone and holds no script; whatever comes from a student is escaped.
"""

from __future__ import annotations

from html import escape

from attncourse import course
from attncourse.checking.rendering import as_html
from grading.results import Graded, Judged
from grading.states import EXERCISE_STATES, SUBMISSION_STATES

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; line-height: 1.45; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 3px 14px 3px 0; }
.total { font-size: 125%; } .note { background: #fff4d6; color: #3b2f00; padding: 6px 12px; }
section { margin: 1.6em 0; } .id { opacity: .65; font-size: 85%; font-weight: normal; }
@media (prefers-color-scheme: dark) { body { background: #16181d; color: #e7e7e7; } }
"""


def page(graded: Graded) -> str:
    """The whole HTML page of one submission."""
    title = f"{_lesson_title(graded.lesson)}: feedback for {printable(graded.student)}"
    meaning = SUBMISSION_STATES.get(graded.state, "")
    note = f'<p class="note">{escape(graded.note)}</p>' if graded.note else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>"
        f'<p class="total"><b>{graded.score:g} of {graded.max_score:g} points</b>. '
        f"{escape(graded.state.capitalize())}: {escape(meaning)}.</p>{note}"
        f"{_overview(graded)}{''.join(_section(judged) for judged in graded.exercises)}"
        f"<footer><p>Judged with seed {graded.seed}. Who disagrees names it: "
        f"<code>python -m grading grade ... --seed {graded.seed}</code> repeats the same checks.</p></footer>"
        "</body></html>\n"
    )


def printable(text: str) -> str:
    """A file's name as text: bytes that are no UTF-8 become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _overview(graded: Graded) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.report.title)}</td><td>{one.report.score:g} of {one.report.max_score:g}</td>"
        f"<td>{escape(one.state)}</td></tr>"
        for one in graded.exercises
    )
    return f"<table><tr><th>Exercise</th><th>Points</th><th>State</th></tr>{rows}</table>" if rows else ""


def _section(judged: Judged) -> str:
    meaning = EXERCISE_STATES.get(judged.state, "")
    note = f'<p class="note">This answer was {escape(judged.note)}.</p>' if judged.note else ""
    return (
        f'<section id="{escape(judged.exercise)}"><h2>{escape(judged.report.title)} '
        f'<span class="id">{escape(judged.exercise)}, {escape(judged.state)}: {escape(meaning)}</span></h2>'
        f"{note}{as_html(judged.report)}</section>"
    )


def _lesson_title(stem: str) -> str:
    return next((lesson.title for lesson in course.LESSONS if lesson.stem == stem), printable(stem))
