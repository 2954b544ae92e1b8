"""Any order of holding, settling, giving back and waiting, against the plainest model of what must come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.allowance_rules import parse_rules
from core.allowances import Charge, Rule, Window, for_role
from core.conversation import Channel
from core.costs import Cost, Paid
from core.store.allowances import KNOWN_S, Allowances, Granted, Refused
from core.store.connection import Connections

RULES = [
    "person 2 requests/hour",
    "person 3 requests/day, channel 40 tokens/hour",
    "channel 100 tokens/day, workspace 2 CNY/day, person 25 tokens/hour",
    "workspace 1 CNY/hour, workspace 1 USD/day",
    "admin person unlimited requests/hour, person 1 requests/hour, channel 30 tokens/day, channel 5 requests/day",
]
COSTS = [
    Cost(Paid.TOKENS, "CNY", Decimal("0.4")),
    Cost(Paid.TOKENS, "USD", Decimal("0.7")),
    Cost(Paid.DEDICATED),
    Cost(Paid.UNKNOWN),
]
START_S = int(datetime(2026, 3, 14, 22, 30, tzinfo=UTC).timestamp())
_examples = count()


@dataclass
class Record:
    """What one turn holds, or used; counted in the windows of ``at`` as long as those are not over."""

    at: int
    charge: Charge
    until: int
    settled: bool = False


@dataclass
class Book:
    """Every turn is remembered for ever; what counts is found by looking at all of them."""

    rules: Sequence[Rule]
    turns: dict[str, Record] = field(default_factory=dict)
    past: list[Record] = field(default_factory=list)
    """Settled turns that are no more known by name."""

    def known(self, turn: str, now: int) -> Record | None:
        record = self.turns.get(turn)
        if record is not None and record.until <= now:
            self.past.append(self.turns.pop(turn))
            return None
        return record

    def stands(self, rule: Rule, now: int) -> tuple[int, int]:
        """Used and held."""
        used = held = 0
        for record in [*self.turns.values(), *self.past]:
            if record.at // rule.window.seconds != now // rule.window.seconds:
                continue
            if record.settled:
                used += record.charge.amount(rule.unit)
            elif record.until > now:
                held += record.charge.amount(rule.unit)
        return used, held

    def hold(self, turn: str, charge: Charge, now: int) -> bool:
        record = self.known(turn, now)
        if record is None:
            bound = [rule for rule in self.rules if rule.limit is not None and charge.concerns(rule)]
            if any(sum(self.stands(rule, now)) >= (rule.limit or 0) for rule in bound):
                return False
            record = self.turns[turn] = Record(now, charge, 0)
        record.until = now + KNOWN_S
        return True

    def settle(self, turn: str, charge: Charge, now: int) -> None:
        record = self.known(turn, now)
        if record is None:
            record = self.turns[turn] = Record(now, charge, 0)
        if not record.settled:
            record.settled, record.charge, record.until = True, charge, now + KNOWN_S

    def give_back(self, turn: str, now: int) -> None:
        record = self.known(turn, now)
        if record is not None and not record.settled:
            del self.turns[turn]


turns = st.sampled_from("abcd")
charges = st.builds(Charge, st.integers(0, 30), st.sampled_from(COSTS))
waits = st.sampled_from([1, 600, 1799, 1800, KNOWN_S - 1, KNOWN_S, 5 * KNOWN_S, 24 * KNOWN_S])
steps = st.one_of(
    st.tuples(st.just("hold"), turns, charges, st.just(0)),
    st.tuples(st.just("settle"), turns, charges, st.just(0)),
    st.tuples(st.just("give back"), turns, charges, st.just(0)),
    st.tuples(st.just("wait"), st.just(""), charges, waits),
)


def test_the_model_s_windows_are_the_clock_s() -> None:
    assert [window.seconds for window in Window] == [3600, 24 * 3600]


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # every example has channels of its own
)
@given(
    st.sampled_from(RULES),
    st.sampled_from(["", "admin"]),
    st.lists(steps, max_size=40),
)
async def test_whatever_happens_the_sums_are_those_of_the_model(
    connections: Connections,
    written: str,
    role: str,
    story: list[tuple[str, str, Charge, int]],
) -> None:
    workspace = f"T{next(_examples)}"
    channel, rules = Channel("slack", workspace, "general"), for_role(parse_rules(written), role)
    now = START_S
    kept, book = Allowances(connections, now=lambda: datetime.fromtimestamp(now, UTC)), Book(rules)
    # A worker may settle or give back what another one got, so what was granted is not asked for.
    anybody = await kept.reserve(kept.wanted("nobody", channel, "ada", rules), Charge(0, COSTS[2]))
    assert isinstance(anybody, Granted)
    await kept.give_back(anybody)
    for step, turn, charge, seconds in story:
        now += seconds
        grant = Granted(turn, anybody.holdings)
        if step == "hold":
            found = await kept.reserve(grant, charge)
            assert isinstance(found, Granted) is book.hold(turn, charge, now)
            if isinstance(found, Refused):
                assert not found.by.left
                assert (found.by.used, found.by.held) == book.stands(found.by.rule, now)
        elif step == "settle":
            await kept.settle(grant, charge)
            book.settle(turn, charge, now)
        elif step == "give back":
            await kept.give_back(grant)
            book.give_back(turn, now)
        stand = await kept.left(channel, "ada", rules)
        assert {str(each.rule): (each.used, each.held) for each in stand} == {
            str(rule): book.stands(rule, now) for rule in rules if rule.limit is not None
        }
