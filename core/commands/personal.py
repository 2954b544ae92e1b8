"""What is for one person alone, where a command was given as a message that others read."""

from core.commands.command import Answer, Call
from core.commands.desk import Desk
from core.commands.rights import is_direct
from core.conversation import Conversation
from core.texts import Text


def shared(desk: Desk, call: Call) -> bool:
    """The command was given where others talk too, as a message: by itself its answer is a message to all of them."""
    return bool(call.turn) and not is_direct(desk, call)


def kept_from_others(desk: Desk, call: Call, answer: Answer) -> Answer:
    """``answer``, or where everybody would read what is personal in it, how to have it alone."""
    if not answer.personal or not shared(desk, call):
        return answer
    platform = desk.platforms.get(call.conversation.channel.platform)
    return answer if platform is not None and platform.whispers else elsewhere(desk, call)


def elsewhere(desk: Desk, call: Call) -> Answer:
    """How the command is given so that one person alone sees its answer."""
    channel = call.conversation.channel
    platform = desk.platforms.get(channel.platform)
    command = platform.spelled(call.name, Conversation(channel)) if platform else call.spell(call.name)
    return Answer(_IN_PUBLIC.say(call.language, command=command))


_IN_PUBLIC = Text(
    "Everybody would see it here. Give it as the slash command `{command}`, outside of threads: then only you do.",
    "在这里所有人都会看到。请在话题之外使用斜杠命令 `{command}`，这样只有您能看到。",
)
