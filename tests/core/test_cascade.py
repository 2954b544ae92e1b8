"""The nearest level that says something counts."""

from hypothesis import given
from hypothesis import strategies as st

from core.cascade import Chosen, Found, Level

NAMES = ("model", "system", "temperature")
LAYERS = st.dictionaries(
    st.sampled_from(Level), st.dictionaries(st.sampled_from(NAMES), st.text(max_size=3), max_size=3)
)


def test_thread_over_channel_over_person_over_workspace_over_everywhere_over_the_default() -> None:
    assert [level.value for level in Level] == [
        "thread",
        "channel",
        "me",
        "workspace",
        "everywhere",
        "default",
    ]


@given(LAYERS, st.sampled_from(NAMES))
def test_what_counts_is_what_the_nearest_level_says(layers: dict[Level, dict[str, str]], name: str) -> None:
    found = Chosen(layers).find(name)
    said = [level for level in Level if layers.get(level, {}).get(name)]
    assert found == (Found(layers[said[0]][name], said[0]) if said else Found("", Level.DEFAULT))


@given(LAYERS, st.sampled_from(NAMES), st.sampled_from(Level))
def test_a_level_that_is_forgotten_leaves_the_next_one(
    layers: dict[Level, dict[str, str]], name: str, level: Level
) -> None:
    less = {each: {**said, name: ""} if each is level else said for each, said in layers.items()}
    before, after = Chosen(layers).find(name), Chosen(less).find(name)
    assert (
        after == before
        if before.level is not level or not before.value
        else after.level is not level or not after.value
    )


def test_every_level_is_named_in_both_languages() -> None:
    for level in Level:
        assert level.said("en") != level.said("zh")
