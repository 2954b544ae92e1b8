"""Figures for people: a summary of a run, and the table in docs/reliability.md."""

from pathlib import Path

from tests.chaos.report import Figures, Spread

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- chaos:begin -->", "<!-- chaos:end -->"
_TERMS = (
    "LEASE_S={lease:g}. Redis runs with `appendonly yes` and `appendfsync always`, so a killed one loses nothing that it "
    "has acknowledged. The platforms' rate limits are raised by the doubles' own options; the program's budgets are its "
    "own. Kills and stops wait while some turn is in its third attempt."
)
_STRUCK = {
    "kill": "processes killed (-9)",
    "freeze": "processes stopped for longer than a lease",
    "replace": "processes replaced (SIGTERM)",
    "store_kill": "Redis killed (-9)",
    "store_freeze": "Redis stopped for 0.5 to 3 s",
    "slack_socket": "Slack's sockets ended",
    "discord_resume": "Discord's gateway broken, to be resumed",
    "discord_forget": "Discord's sessions lost",
    "repeat": "deliveries repeated",
    "refuse": "429s, 5xx and lost answers of the platforms",
}


def table(figures: Figures) -> str:
    """A run as a table of Markdown."""
    rows = [
        ("seed", str(figures.seed)),
        ("time", f"{figures.seconds:.0f} s"),
        ("conversations, questions", f"{figures.conversations}, {figures.questions}"),
        ("messages of the bot", str(figures.messages)),
        *((name, str(figures.struck[blow])) for blow, name in _STRUCK.items() if blow in figures.struck),
        ("kills that hit an answer", str(figures.taken_over.count + figures.disturbed)),
        ("questions the model was asked again", str(figures.again)),
        ("from a kill until another process answers", _spread(figures.taken_over)),
        ("from a kill until readers see it go on", _spread(figures.written_again)),
        ("from a question to its finished answer", _spread(figures.answered)),
        ("answers that end in a notice", str(figures.notices)),
        ("leases lost by processes that lived", str(figures.leases_lost)),
        ("marks of a wait that were left", str(figures.marks)),
        (
            "lost, doubled, out of order, unfinished, or remembered otherwise",
            str(sum(figures.violations.values())),
        ),
    ]
    return "\n".join(
        [
            _TERMS.format(lease=figures.lease_s),
            "",
            "| what | figure |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows),
        ]
    )


def write(figures: Figures, page: Path = PAGE) -> None:
    """Puts the table between the page's markers. Raises ValueError when it has none."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{table(figures)}\n{END}{after}")


def _spread(spread: Spread) -> str:
    return f"p50 {spread.p50:.2f} s, p95 {spread.p95:.2f} s, longest {spread.longest:.2f} s ({spread.count})"
