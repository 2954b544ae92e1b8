from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversation import Channel, Conversation, UserMessage

ids = st.text(min_size=1).filter(lambda text: ":" not in text)
channels = st.builds(Channel, ids, ids, ids)
DM = Conversation(Channel("slack", "T1", "D1"))
MESSAGE = UserMessage(DM, event_id="Ev1", message_id="1700000000.000100", author="U1", text="hi")


@given(st.builds(Conversation, channels, st.none() | st.text()))
def test_a_conversation_is_read_back_from_its_name(conversation: Conversation) -> None:
    assert Conversation.parse(str(conversation)) == conversation


@given(channels, channels)
def test_different_channels_have_different_names(one: Channel, other: Channel) -> None:
    assert (str(one) == str(other)) == (one == other)


@pytest.mark.parametrize(
    "parts", [("", "T", "C"), ("slack", "", "C"), ("slack", "T", ""), ("slack", "T:1", "C")]
)
def test_a_channel_whose_parts_could_be_confused_is_refused(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="without a colon"):
        Channel(*parts)


@pytest.mark.parametrize("name", ["", "slack", "slack:T1", "slack::C1", ":T1:C1"])
def test_what_names_no_conversation_is_not_read_as_one(name: str) -> None:
    with pytest.raises(ValueError, match=r"colon|unpack"):
        Conversation.parse(name)


def test_a_turn_keeps_its_name_for_ever() -> None:
    # Platform messages carry it (Discord's nonce): another name after an upgrade would post replies twice.
    assert MESSAGE.turn_id == "677251c59911e3c8e4cf290eb"


def test_the_name_of_a_turn_is_that_of_its_message_however_it_was_delivered() -> None:
    again = replace(MESSAGE, event_id="Ev2", text="hi (edited)", conversation=Conversation(DM.channel, "17"))

    assert again.turn_id == MESSAGE.turn_id
    assert len(MESSAGE.turn_id) == 25  # Discord: a nonce has at most 25 characters


@pytest.mark.parametrize(
    "other",
    [
        replace(MESSAGE, message_id="1700000000.000200"),
        replace(MESSAGE, conversation=Conversation(Channel("slack", "T1", "D2"))),
        replace(MESSAGE, conversation=Conversation(Channel("slack", "T2", "D1"))),
        replace(MESSAGE, conversation=Conversation(Channel("discord", "T1", "D1"))),
    ],
)
def test_another_message_is_another_turn(other: UserMessage) -> None:
    assert other.turn_id != MESSAGE.turn_id
