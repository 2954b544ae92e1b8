"""The permissions that the double knows, by Discord's names and bits."""

from enum import IntFlag


class Permission(IntFlag):
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
EVERYTHING = sum(Permission)
"""What the bot holds in a channel until a test denies something."""
MEMBER = EVERYTHING & ~(Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS | Permission.MENTION_EVERYONE)
"""What a person holds in a guild."""
ADMIN = EVERYTHING | ADMINISTRATOR | MANAGE_GUILD
"""What an administrator of a guild holds."""
