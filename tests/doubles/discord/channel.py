"""What people do in a guild, a channel or a direct message."""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.doubles.discord import offers, posting
from tests.doubles.discord.commands import MESSAGE_MENU, SLASH
from tests.doubles.discord.components import clickable
from tests.doubles.discord.errors import Payload
from tests.doubles.discord.forms import fill_form
from tests.doubles.discord.interacting import answered, start
from tests.doubles.discord.interaction import Interaction, InteractionKind
from tests.doubles.discord.mentions import CHANNEL_DEFAULT
from tests.doubles.discord.model import Attachment, Message, MessageKind, Parent, User
from tests.doubles.discord.places import Place, PlaceKind, Role, Server
from tests.doubles.discord.render import message_payload, place_payload
from tests.doubles.discord.render_guild import guild_payload
from tests.doubles.discord.session import Intent
from tests.doubles.discord.world import World


@dataclass(slots=True, eq=False, kw_only=True)
class Channel(Place):
    """`messages` holds everything that was ever said here, deleted messages too, ephemeral ones not."""

    world: World = field(repr=False)

    @property
    def by_bot(self) -> list[Message]:
        """The bot's messages that are still there."""
        bot = self.world.bot
        return [message for message in self.messages if message.author is bot and not message.deleted]

    async def say(
        self,
        author: User,
        content: str = "",
        *,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Mapping[str, bytes] | None = None,
        kind: int | None = None,
    ) -> Message:
        """A person writes. `<@BOT>` stands for the bot's mention, `ping=False` replies without a mention.

        `kind` is a message type, for the system messages a bot must ignore.
        """
        replied = reply_to is not None
        made = posting.new_message(
            self.world, self, author, kind=kind or (MessageKind.REPLY if replied else MessageKind.DEFAULT)
        )
        body: Payload = {"content": content.replace("<@BOT>", self.world.bot.mention)}
        if reply_to is not None:
            made.parent = Parent(reply_to.id, reply_to.channel_id, self.guild_id)
            body["allowed_mentions"] = {"parse": sorted(CHANNEL_DEFAULT), "replied_user": ping}
        rules = posting.Rules(CHANNEL_DEFAULT, reply_to.author.id if reply_to is not None else None)
        sent = [(name, guess_type(name), data) for name, data in (files or {}).items()]
        posting.write(self.world, made, body, sent, rules)
        posting.publish(self.world, made)
        return made

    async def forward(self, author: User, message: Message) -> Message:
        """Discord: a forward has no content of its own; what was forwarded is a snapshot without author."""
        made = posting.new_message(self.world, self, author, kind=MessageKind.DEFAULT)
        made.parent = Parent(message.id, message.channel_id, message.guild_id, kind=1)
        original = message_payload(self.world, message, lambda _: True)
        kept = (
            "content",
            "embeds",
            "attachments",
            "timestamp",
            "edited_timestamp",
            "flags",
            "type",
            "mentions",
        )
        made.snapshots = [
            {"message": {name: original[name] for name in (*kept, "mention_roles", "components")}}
        ]
        posting.publish(self.world, made)
        return made

    async def edit(self, message: Message, content: str) -> None:
        """The author changes a message."""
        body: Payload = {"content": content.replace("<@BOT>", self.world.bot.mention)}
        posting.revise(self.world, message, body, (), posting.Rules(CHANNEL_DEFAULT))

    async def delete(self, message: Message) -> None:
        """The author or a moderator deletes a message."""
        posting.remove(self.world, message)

    async def purge(self, *messages: Message) -> None:
        """A moderator deletes many at once."""
        posting.remove_together(self.world, messages)

    async def pin(self, message: Message, *, pinned: bool = True) -> None:
        """Discord: the message is sent again as a whole, with its flag."""
        message.pinned = pinned
        posting.announce(self.world, message, "MESSAGE_UPDATE")

    async def resolve_links(self, message: Message) -> None:
        """Discord has looked up what a message links to, and sends it again: nobody has edited it."""
        message.embeds = [{"type": "link", "url": "https://example.com", "title": "Example"}]
        posting.announce(self.world, message, "MESSAGE_UPDATE")

    async def react(self, user: User, message: Message, emoji: str) -> None:
        message.reactions.append((user.id, emoji))
        event: Payload = {
            "user_id": user.id,
            "channel_id": self.id,
            "message_id": message.id,
            "message_author_id": message.author.id,
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        if self.guild_id is not None:
            event |= {"guild_id": self.guild_id}
        intent = Intent.DIRECT_MESSAGE_REACTIONS if self.guild_id is None else Intent.GUILD_MESSAGE_REACTIONS
        self.world.dispatch("MESSAGE_REACTION_ADD", lambda _: event, intent=intent, guild_id=self.guild_id)

    async def start_thread(self, owner: User, name: str, message: Message | None = None) -> "Channel":
        """A person opens a thread, from a message or on its own."""
        return open_thread(self.world, self, owner, name, message)

    async def slash(
        self,
        user: User,
        command: str,
        options: Mapping[str, offers.Value] | None = None,
        *,
        wait: bool = True,
    ) -> Interaction:
        """A person sends `/command`; "group sub" names a subcommand. AssertionError for what is not registered.

        Waits for the first response (NoResponseError after 3 s) unless `wait` is False.
        """
        name, *words = command.split()
        found = self._offered(name, SLASH, user)
        values = options or {}
        data = offers.slash_data(found, words, values, self.guild_id)
        offers.check_values(offers.walk_down(found, words)[-1], values)
        return await self._begin(user, InteractionKind.COMMAND, data, wait=wait)

    async def autocomplete(
        self, user: User, command: str, options: Mapping[str, offers.Value], *, focused: str | None = None
    ) -> list[Payload]:
        """The choices shown while a person types into `focused`, by default the last of `options`."""
        name, *words = command.split()
        found = self._offered(name, SLASH, user)
        typed = focused or list(options)[-1]
        data = offers.slash_data(found, words, options, self.guild_id)
        registered = {one["name"]: one for one in offers.walk_down(found, words)[-1]["options"]}
        assert registered[typed].get("autocomplete"), f"{typed!r} has no autocomplete"
        inner = data["options"]
        for _ in words:
            inner = inner[0]["options"]
        next(one for one in inner if one["name"] == typed)["focused"] = True
        return (await self._begin(user, InteractionKind.AUTOCOMPLETE, data, wait=True)).choices

    async def menu(self, user: User, command: str, message: Message, *, wait: bool = True) -> Interaction:
        """A person uses a message's context menu. The target's content is always readable."""
        found = self._offered(command, MESSAGE_MENU, user)
        target = message_payload(self.world, message, lambda _: True)
        data: Payload = {
            "id": found["id"],
            "name": found["name"],
            "type": MESSAGE_MENU,
            "target_id": message.id,
            "resolved": {"messages": {message.id: target}},
        }
        return await self._begin(user, InteractionKind.COMMAND, data, wait=wait)

    async def click(
        self, user: User, message: Message, custom_id: str, values: Sequence[str] = (), *, wait: bool = True
    ) -> Interaction:
        """A person presses a button or picks `values`. AssertionError when it is not there or disabled."""
        assert not message.deleted, "the message is deleted"
        component = clickable(message.components, custom_id)
        assert component is not None, f"{custom_id!r} cannot be clicked in {message.components}"
        data: Payload = {"custom_id": custom_id, "component_type": component["type"], "id": 1}
        if values:
            data["values"] = list(values)
        return await self._begin(user, InteractionKind.COMPONENT, data, message, wait=wait)

    async def submit(
        self, opened: Interaction, fields: Mapping[str, str], *, wait: bool = True
    ) -> Interaction:
        """A person fills in the form that an interaction opened. AssertionError for fields it does not have."""
        modal = opened.modal
        assert modal is not None, "no form was opened"
        rows, known = fill_form(modal["components"], fields)
        assert fields.keys() <= known, f"the form has only {sorted(known)}"
        data = {"custom_id": modal["custom_id"], "components": rows}
        return await self._begin(opened.user, InteractionKind.MODAL, data, opened.message, wait=wait)

    def file(self, filename: str, data: bytes) -> Attachment:
        """A file for an option of the type attachment."""
        return self.world.attach(self.id, filename, guess_type(filename), data)

    def _offered(self, name: str, kind: int, user: User) -> Payload:
        here = [] if self.guild_id is None else self.world.servers[self.guild_id].commands
        return offers.offered([*here, *self.world.commands], name, kind, user, self)

    async def _begin(
        self, user: User, kind: int, data: Payload, message: Message | None = None, *, wait: bool
    ) -> Interaction:
        interaction = start(self.world, self, user, kind, data, message=message)
        return await answered(self.world, interaction) if wait else interaction


@dataclass(slots=True, eq=False, kw_only=True)
class Guild(Server):
    world: World = field(repr=False)

    def add_channel(self, name: str) -> Channel:
        made = self.world.snowflakes.make()
        channel = Channel(id=made, kind=PlaceKind.TEXT, name=name, guild_id=self.id, world=self.world)
        self.places.append(channel)
        self.world.places[made] = channel
        if self.id in self.world.servers:  # else the bot is not there yet
            self.tell("CHANNEL_CREATE", place_payload(self.world, channel))
        return channel

    def give(self, user: User, name: str, permissions: int) -> Role:
        """``user`` gets a new role."""
        role = Role(self.world.snowflakes.make(), name, permissions)
        self.roles.append(role)
        self.held.setdefault(user.id, set()).add(role.id)
        return role

    def remove_bot(self) -> None:
        """The bot is thrown out: nothing of the guild can be reached any more."""
        del self.world.servers[self.id]
        for place in self.places:
            self.world.places.pop(place.id, None)
        self.tell("GUILD_DELETE", {"id": self.id})

    def announce(self) -> None:
        """The bot was added. Discord: only a guild that was there before says whether it is ``unavailable``."""
        payload = guild_payload(self.world, self)
        del payload["unavailable"]
        self.tell("GUILD_CREATE", payload)

    def go_out(self) -> None:
        """An outage of Discord's: the guild cannot be reached, and the bot is still in it."""
        self.tell("GUILD_DELETE", {"id": self.id, "unavailable": True})

    def come_back(self) -> None:
        """The outage is over."""
        self.tell("GUILD_CREATE", guild_payload(self.world, self))

    def tell(self, event: str, payload: Payload) -> None:
        self.world.dispatch(event, lambda _: payload, intent=Intent.GUILDS, guild_id=self.id)


def open_dm(world: World, user: User) -> Channel:
    """The one direct channel between the bot and a person; there is no event for it."""
    for place in world.places.values():
        if isinstance(place, Channel) and place.recipient is user:
            return place
    made = world.snowflakes.make()
    channel = Channel(id=made, kind=PlaceKind.DM, name=user.name, recipient=user, world=world)
    world.places[made] = channel
    return channel


def open_thread(world: World, parent: Place, owner: User, name: str, message: Message | None) -> Channel:
    """Discord: a thread opened from a message has the message's id and begins with a message of type 21."""
    made = message.id if message is not None else world.snowflakes.make()
    thread = Channel(
        id=made,
        kind=PlaceKind.THREAD,
        name=name,
        guild_id=parent.guild_id,
        parent=parent,
        owner_id=owner.id,
        world=world,
    )
    world.places[made] = thread
    if parent.guild_id is not None:
        world.servers[parent.guild_id].places.append(thread)
    payload = place_payload(world, thread) | {"newly_created": True}
    world.dispatch("THREAD_CREATE", lambda _: payload, intent=Intent.GUILDS, guild_id=parent.guild_id)
    if message is not None:
        starter = posting.new_message(world, thread, owner, kind=MessageKind.THREAD_STARTER)
        starter.parent = Parent(message.id, message.channel_id, message.guild_id)
        posting.publish(world, starter)
    return thread


def guess_type(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
