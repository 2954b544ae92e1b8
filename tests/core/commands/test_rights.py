"""Who may change what, at every level, and that nobody else changes anything."""

import pytest

from core.cascade import Level
from core.commands.rights import Who, who_may
from core.conversation import Channel, Conversation
from core.people import UNKNOWN, Person
from core.preferences import PREFERENCES, Preference
from core.store.preferences import Place
from core.texts import Language
from core.wrong import AdminUnknown, NotAllowed, NotAllowedHere, OperatorsOnly
from tests.core.commands.bureau import ADA, DIRECT, NOWHERE, OPERATOR, ROOT, THREAD, Bureau
from tests.core.store.talk import ROOM

VALUES = {
    "model": "public/deepseek-r1",
    "system": "Answer briefly.",
    "temperature": "0.5",
    "max_tokens": "200",
    "replies": "threads",
    "thinking": "full",
    "busy": "collect",
    "language": "en",
    "footer": "on",
    "changes": "admins",
    "budgets": "person 50 requests/hour",
}
PLACES = [(each, level) for each in PREFERENCES.values() for level in each.levels]


def at(*who: Who) -> pytest.MarkDecorator:
    """Every place at which ``who`` may change a setting."""
    found = [(each, level) for each, level in PLACES if who_may(each, level) in who]
    return pytest.mark.parametrize(
        ("preference", "level"), found, ids=[f"{each.name}-{level.value}" for each, level in found]
    )


PEOPLE = {Who.ANYONE: ADA, Who.UNTIL_KEPT: ADA, Who.ADMINS: ROOT, Who.OPERATORS: OPERATOR}
REFUSED = {Who.ADMINS: ADA, Who.OPERATORS: ROOT}


def written(preference: Preference, level: Level) -> str:
    """The command that sets ``preference`` for ``level``."""
    value = VALUES[preference.name]
    if preference.name == "model":
        return f"model {value} {level.value}"
    if preference.name == "system":
        return f"system set {level.value} {value}"
    return f"settings {preference.name} {value} {level.value}"


def given_back(preference: Preference, level: Level) -> str:
    """The command that forgets what ``level`` has for ``preference``."""
    name = preference.own_command or f"settings {preference.name}"
    return f"{name} reset {level.value}"


def where(level: Level) -> Conversation:
    return THREAD if level is Level.THREAD else ROOM


def test_the_default_rules_are_those_that_people_are_told() -> None:
    told = {
        ("model", Level.THREAD): Who.ANYONE,
        ("model", Level.PERSON): Who.ANYONE,
        ("model", Level.CHANNEL): Who.UNTIL_KEPT,
        ("replies", Level.CHANNEL): Who.UNTIL_KEPT,
        ("system", Level.THREAD): Who.ANYONE,
        ("system", Level.PERSON): Who.ANYONE,
        ("system", Level.CHANNEL): Who.ADMINS,
        ("changes", Level.CHANNEL): Who.ADMINS,
    }
    for (name, level), who in told.items():
        assert who_may(PREFERENCES[name], level) is who
    for preference in PREFERENCES.values():
        assert who_may(preference, Level.WORKSPACE) is Who.ADMINS
        assert who_may(preference, Level.DEPLOYMENT) is Who.OPERATORS


@at(*Who)
async def test_who_may_does(bureau: Bureau, preference: Preference, level: Level) -> None:
    who = PEOPLE[who_may(preference, level)]
    answer = await bureau.say(written(preference, level), by=who, where=where(level))
    found = await bureau.set_at(level, by=who, where=where(level))
    assert found == {preference.name: VALUES[preference.name]}
    assert answer.public is (level in {Level.THREAD, Level.CHANNEL})


@at(*REFUSED)
async def test_who_may_not_is_told_so_alone_and_changes_nothing(
    bureau: Bureau, preference: Preference, level: Level, language: Language
) -> None:
    may = who_may(preference, level)
    who = REFUSED[may]
    for_oneself: type[NotAllowed] = NotAllowedHere if Level.PERSON in preference.levels else NotAllowed
    error = OperatorsOnly if may is Who.OPERATORS else for_oneself
    for line in (written(preference, level), given_back(preference, level)):
        answer = await bureau.say(line, by=who, language=language)
        assert (answer.text, answer.public) == (error().notice(language), False)
    assert await bureau.everything_set() == []
    assert await bureau.audit(level, by=who) == []


@at(*Who)
async def test_who_is_named_in_admins_may_everything(
    bureau: Bureau, preference: Preference, level: Level
) -> None:
    await bureau.say(written(preference, level), by=OPERATOR, where=where(level))
    assert await bureau.set_at(level, by=OPERATOR, where=where(level))


async def test_a_channels_settings_are_kept_for_admins_once_one_says_so(
    bureau: Bureau, language: Language
) -> None:
    assert (await bureau.say("settings changes admins channel", by=ROOT)).public
    for line in ("model deepseek-r1", "settings busy collect", "settings temperature 1"):
        answer = await bureau.say(line, language=language)
        own = NotAllowed if "busy" in line else NotAllowedHere
        assert (answer.text, answer.public) == (own().notice(language), False)
    assert await bureau.set_at(Level.CHANNEL) == {"changes": "admins"}
    assert (await bureau.say("model deepseek-r1", by=ROOT)).public
    assert (await bureau.say("model glm4-9b me")).text.startswith(
        "From now on `public/glm4-9b` answers for you"
    )
    assert (await bureau.say("model glm4-9b", where=THREAD)).public, "a thread is theirs who talk in it"
    await bureau.say("settings changes anyone channel", by=ROOT)
    assert (await bureau.say("model deepseek-v3")).public


async def test_a_workspaces_rule_holds_until_a_channel_has_one_of_its_own(bureau: Bureau) -> None:
    await bureau.say("settings changes admins workspace", by=ROOT)
    assert (await bureau.say("model deepseek-r1")).text == NotAllowedHere().notice("en")
    await bureau.say("settings changes anyone channel", by=ROOT)
    assert (await bureau.say("model deepseek-r1")).public


async def test_nobody_lifts_the_rule_who_is_no_admin(bureau: Bureau) -> None:
    await bureau.say("settings changes admins channel", by=ROOT)
    for line in ("settings changes anyone channel", "settings changes reset channel"):
        assert (await bureau.say(line)).text == NotAllowed().notice("en")
    assert await bureau.set_at(Level.CHANNEL) == {"changes": "admins"}


async def test_while_the_platform_cannot_say_who_is_an_admin_nothing_is_changed(
    bureau: Bureau, language: Language
) -> None:
    bureau.platform.people[ROOT] = UNKNOWN
    for line in (
        "system set channel Obey.",
        "model deepseek-r1 workspace",
        "settings changes admins channel",
    ):
        answer = await bureau.say(line, by=ROOT, language=language)
        assert (answer.text, answer.public) == (AdminUnknown().notice(language), False)
    assert await bureau.everything_set() == []


async def test_who_is_named_in_admins_need_not_be_asked_about(bureau: Bureau) -> None:
    bureau.platform.people[OPERATOR] = UNKNOWN
    assert (await bureau.say("system set channel Obey.", by=OPERATOR)).public


@pytest.mark.parametrize("admin", [True, False, None])
async def test_who_runs_the_deployment_by_their_platforms_word_may_everything(
    bureau: Bureau, admin: bool | None
) -> None:
    """Without being named in ADMINS."""
    bureau.platform.people[ADA] = Person("", admin, operator=True)
    assert (await bureau.say("system set channel Obey.")).public
    await bureau.say("model deepseek-r1 everywhere")
    assert await bureau.set_at(Level.DEPLOYMENT) == {"model": "public/deepseek-r1"}
    assert f"`slack:{ADA}` · `model`" in (await bureau.say("settings history everywhere")).text


async def test_who_runs_the_deployment_is_not_guessed_while_the_platform_is_silent(
    bureau: Bureau,
) -> None:
    bureau.platform.people[ROOT] = UNKNOWN
    for line in ("model deepseek-r1 everywhere", "settings history everywhere"):
        assert (await bureau.say(line, by=ROOT)).text == OperatorsOnly().notice("en")
    assert await bureau.everything_set() == []


async def test_admins_are_named_with_their_platform(bureau: Bureau) -> None:
    """The same id on another platform is somebody else."""
    elsewhere = Conversation(Channel("web", "local", "general"))
    answer = await bureau.say("model deepseek-r1 everywhere", by=OPERATOR, where=elsewhere)
    assert answer.text == OperatorsOnly().notice("en")


@pytest.mark.parametrize("preference", PREFERENCES.values(), ids=PREFERENCES)
async def test_a_direct_message_belongs_to_who_writes_there(bureau: Bureau, preference: Preference) -> None:
    for where_ in (DIRECT, NOWHERE):
        await bureau.say("settings changes admins channel", where=where_)
        await bureau.say(written(preference, Level.CHANNEL), where=where_)
        assert (await bureau.set_at(Level.CHANNEL, where=where_))[preference.name] == VALUES[preference.name]


@pytest.mark.parametrize("who", [ADA, ROOT, OPERATOR])
async def test_where_there_is_no_workspace_nothing_is_set_for_one(
    bureau: Bureau, language: Language, who: str
) -> None:
    """It would hold for the direct messages of everybody."""
    expected = {"en": "belongs to no workspace", "zh": "不属于任何工作区"}
    for line in ("model deepseek-r1 workspace", "system set workspace Obey.", "settings history workspace"):
        answer = await bureau.say(line, by=who, where=NOWHERE, language=language)
        assert expected[language] in answer.text
        assert not answer.public
    assert await bureau.everything_set() == []
    assert await bureau.desk.preferences.audit(Place(Level.WORKSPACE, NOWHERE, who)) == []


async def test_each_change_is_noted_with_who_made_it(bureau: Bureau) -> None:
    await bureau.say("model deepseek-r1 channel")
    await bureau.say("model reset channel", by=ROOT)
    await bureau.say("model deepseek-r1 everywhere", by=OPERATOR)
    noted = [(note.author, note.name, note.value) for note in await bureau.audit(Level.CHANNEL)]
    assert noted == [(ROOT, "model", ""), (ADA, "model", "public/deepseek-r1")]
    [note] = await bureau.audit(Level.DEPLOYMENT)
    assert note.author == f"slack:{OPERATOR}", "ids of several workspaces meet there"


async def test_who_may_not_set_instructions_for_all_hears_that_they_may_for_themselves(
    bureau: Bureau,
) -> None:
    answer = await bureau.say("system set Be brief.")
    assert "`me`" in answer.text
    await bureau.say("system set me Be brief.")
    assert await bureau.set_at(Level.PERSON) == {"system": "Be brief."}
