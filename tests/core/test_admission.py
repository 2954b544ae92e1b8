"""Who is answered, where, and by which models."""

import pytest

from core.admission import NOT_HERE, NOT_OFFERED, Admission, Entry, Kind, parse_entry
from core.conversation import Channel
from core.wrong import ValueWrong

TEAM, OTHER = Channel("slack", "T123", "C456"), Channel("slack", "T123", "C9")
AWAY = Channel("slack", "T999", "C1")
SERVER = Channel("discord", "77", "88")


def admission(allowed: str = "", blocked: str = "") -> Admission:
    first, second = ([parse_entry(each) for each in text.split()] for text in (allowed, blocked))
    return Admission(first, second)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("slack:T123", Entry(Kind.PLACE, "slack:T123")),
        ("slack:E0AB", Entry(Kind.PLACE, "slack:E0AB")),
        ("slack:T123:C456", Entry(Kind.PLACE, "slack:T123:C456")),
        ("slack:U789", Entry(Kind.PERSON, "slack:U789")),
        ("slack:W789", Entry(Kind.PERSON, "slack:W789")),
        ("discord:123", Entry(Kind.PERSON, "discord:123")),
        ("discord:person:123", Entry(Kind.PERSON, "discord:123")),
        ("discord:workspace:123", Entry(Kind.PLACE, "discord:123")),
        ("discord:123:456", Entry(Kind.PLACE, "discord:123:456")),
        (" model:public/deepseek-r1 ", Entry(Kind.MODEL, "public/deepseek-r1")),
        ("model:a:b", Entry(Kind.MODEL, "a:b")),
    ],
)
def test_an_entry_names_a_person_a_place_or_a_model(text: str, entry: Entry) -> None:
    assert parse_entry(text) == entry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "U789",
        "slack:",
        ":U1",
        "slack:T1:C1:5",
        "slack:*",
        "slack:U 1",
        "model:",
        "model:*",
        "model:a*b",
        "model:a b",
    ],
)
def test_an_entry_that_names_nobody_is_answered_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueWrong) as wrong:
        parse_entry(text)
    assert "right would be `" in wrong.value.notice("en")
    assert "正确写法：`" in wrong.value.notice("zh")


def test_without_lists_everybody_is_answered_everywhere() -> None:
    assert admission().admits(TEAM, "U1") is None
    assert admission().admits(TEAM, "") is None
    assert admission().admits_model("public/x") is None


@pytest.mark.parametrize(
    ("allowed", "admitted"),
    [
        ("slack:T123", [(TEAM, "U1"), (OTHER, "U1"), (TEAM, "U2")]),
        ("slack:T123:C456", [(TEAM, "U1"), (TEAM, "U2")]),
        ("slack:U1", [(TEAM, "U1"), (OTHER, "U1"), (AWAY, "U1")]),
        ("slack:T123 slack:U1", [(TEAM, "U1"), (OTHER, "U1")]),
        ("slack:T999 discord:77:88 discord:1 slack:U1", [(AWAY, "U1"), (SERVER, "1")]),
        ("discord:workspace:77", [(SERVER, "1")]),
        ("discord:1", [(SERVER, "1")]),
        ("model:public/x", [(TEAM, "U1"), (OTHER, "U1"), (AWAY, "U1"), (SERVER, "1"), (TEAM, "U2")]),
    ],
)
def test_each_kind_that_is_allowed_narrows_by_itself(
    allowed: str, admitted: list[tuple[Channel, str]]
) -> None:
    everybody = [(TEAM, "U1"), (OTHER, "U1"), (AWAY, "U1"), (SERVER, "1"), (TEAM, "U2")]
    found = [(channel, who) for channel, who in everybody if admission(allowed).admits(channel, who) is None]
    assert sorted(found, key=str) == sorted(admitted, key=str)


@pytest.mark.parametrize("blocked", ["slack:U1", "slack:T123", "slack:T123:C456", "slack:person:U1"])
def test_who_is_blocked_is_refused_also_when_allowed_and_never_told_why(blocked: str) -> None:
    lists = admission("slack:U1 slack:T123 slack:T123:C456", blocked)
    assert lists.admits(TEAM, "U1") is NOT_HERE
    assert admission("slack:U2").admits(TEAM, "U1") is NOT_HERE, "the same words for every reason"


def test_a_person_of_another_platform_with_the_same_id_is_somebody_else() -> None:
    assert admission(blocked="discord:1").admits(Channel("web", "local", "general"), "1") is None
    assert admission("discord:workspace:1").admits(SERVER, "1") is NOT_HERE, "a workspace is no person"


def test_models_are_named_whole_or_by_how_they_begin() -> None:
    lists = admission("model:public/* model:u-1/a", "model:public/deepseek-*")
    assert lists.admits_model("public/qwen") is None
    assert lists.admits_model("u-1/a") is None
    for refused in ("public/deepseek-r1", "u-1/ab", "u-1/", "x"):
        assert lists.admits_model(refused) is NOT_OFFERED
    assert NOT_OFFERED.say("en", model="x") == "`x` is not offered here. Please choose another model."
    assert lists.admits(TEAM, "U1") is None, "models keep nobody out"


@pytest.mark.parametrize(
    ("allowed", "blocked", "admitted"),
    [
        ("", "", True),
        ("slack:U789", "slack:U1", True),
        ("slack:T123", "", True),
        ("slack:T999", "", False),
        ("", "slack:T123:C456", False),
    ],
)
def test_a_place_admits_whom_ever_it_admits(allowed: str, blocked: str, admitted: bool) -> None:
    assert admission(allowed, blocked).admits_place(TEAM) is admitted
