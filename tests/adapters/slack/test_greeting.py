"""Which events tell that the bot may introduce itself. The bodies are those of Slack's documentation."""

from typing import Any

import pytest

from adapters.slack.greeting import Arrival, read_arrival
from core.conversation import Channel
from tests.adapters.slack.test_events import BODIES, BOT

TEAM, ADA = "T024BE7LD", "U061F7AUR"


def body(**event: Any) -> dict[str, Any]:
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev0PV52K25", "event": event}


def joined(user: str, channel: str = "C0698JE0H", kind: str = "C") -> dict[str, Any]:
    return body(
        type="member_joined_channel",
        user=user,
        channel=channel,
        channel_type=kind,
        team=TEAM,
        inviter=ADA,
        event_ts="1732300000.000100",
    )


def opened(tab: str, channel: str = "D0LAN2Q65") -> dict[str, Any]:
    return body(type="app_home_opened", user=ADA, channel=channel, tab=tab, event_ts="1515449522000016")


ARRIVALS = [
    (joined(BOT), Arrival(Channel("slack", TEAM, "C0698JE0H"))),
    (joined(BOT, "G0698JE0H", "G"), Arrival(Channel("slack", TEAM, "G0698JE0H"))),
    (opened("messages"), Arrival(Channel("slack", TEAM, "D0LAN2Q65"), ADA)),
    (BODIES["App Home opened"], Arrival(Channel("slack", TEAM, "D024BE91L"), ADA)),
]


@pytest.mark.parametrize(("told", "arrival"), ARRIVALS)
def test_the_bot_may_introduce_itself(told: dict[str, Any], arrival: Arrival) -> None:
    assert read_arrival(told, BOT) == arrival


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(joined(ADA), id="somebody else joined"),
        pytest.param(joined(BOT, "D0LAN2Q65"), id="a direct message"),
        pytest.param(joined(BOT, ""), id="nowhere"),
        pytest.param(opened("home"), id="another tab"),
        pytest.param(body(type="app_home_opened", user=ADA, channel="D0LAN2Q65"), id="no tab"),
        pytest.param(opened("messages", "C0698JE0H"), id="opened in a channel"),
        pytest.param({"type": "event_callback"}, id="nothing"),
    ],
)
def test_there_is_nothing_to_say(told: dict[str, Any]) -> None:
    assert read_arrival(told, BOT) is None


@pytest.mark.parametrize("what", sorted(BODIES.keys() - {"App Home opened"}))
def test_what_people_write_is_no_arrival(what: str) -> None:
    assert read_arrival(BODIES[what], BOT) is None
