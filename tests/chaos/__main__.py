"""The long run: ``python -m tests.chaos --kills 1000 --seed 1``. Ends with 1 when anything is wrong."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from random import SystemRandom

import msgspec

from tests.chaos import figures_page
from tests.chaos.plan import Weather, draw
from tests.chaos.run import run

_RATE = 1.5
_QUESTIONS_A_SECOND = 5.0
_SLACK = 3.0
"""A run may last this many times as long as its plan: blows wait for turns in their last attempt."""
_END_S = 120.0


def main() -> int:
    wanted = _arguments()
    weather = Weather(
        kills=wanted.kills,
        kills_a_second=wanted.rate,
        questions_a_second=wanted.questions,
        model_trouble=wanted.model_trouble,
        lease_s=wanted.lease,
    )
    plan = draw(wanted.seed, weather)
    _say(
        f"seed {plan.seed}: {plan.questions} questions and {len(plan.strikes)} blows in about {plan.duration_s:.0f} s"
    )
    # Slack's SDK applies a proxy of the environment even to loopback addresses.
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    try:
        outcome = asyncio.run(asyncio.wait_for(run(plan), _SLACK * plan.duration_s + _END_S))
    except TimeoutError:
        _say("the run did not come to its end in time")
        return 1
    _say(outcome.report)
    _say(figures_page.table(outcome.figures))
    if wanted.json:
        wanted.json.write_text(json.dumps(msgspec.to_builtins(outcome.figures), indent=2) + "\n")
    if wanted.write:
        figures_page.write(outcome.figures)
    return int(bool(outcome.violations))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(100_000))
    parser.add_argument("--rate", type=float, default=_RATE, help="kills a second")
    parser.add_argument("--questions", type=float, default=_QUESTIONS_A_SECOND, help="questions a second")
    parser.add_argument(
        "--model-trouble", type=float, default=0.0, help="share of questions that meet a fault of d.run"
    )
    parser.add_argument("--lease", type=float, default=1.0, help="LEASE_S of the program, in seconds")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
