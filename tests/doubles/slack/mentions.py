import re

_BROADCAST = re.compile(r"<!(channel|here|everyone|group)(?:\|[^>]*)?>", re.IGNORECASE)
_SUBTEAM = re.compile(r"<!subteam\^(\w+)(?:\|[^>]*)?>", re.IGNORECASE)
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_BARE = re.compile(r"(?<![\w@])@(channel|here|everyone|group)\b", re.IGNORECASE)
_TYPED = re.compile(r"<[@#][A-Z0-9]+(?:\|[^<>]*)?>|@(?:channel|here|everyone)\b|[&<>]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def broadcasts(source: str, *, linked: bool) -> list[str]:
    """The groups that `source` would notify: channel, here, everyone, group, subteam^S..

    Code spans count too: what Slack does inside them is not documented.
    `linked`: link_names or parse=full was given, so bare @channel notifies as well.
    """
    found = [name.lower() for name in _BROADCAST.findall(source)]
    found += [f"subteam^{team}" for team in _SUBTEAM.findall(source)]
    if linked:
        found += [name.lower() for name in _BARE.findall(source)]
    return found


def users(source: str) -> list[str]:
    """The ids of the people whom `source` would notify."""
    return _USER.findall(source)


def typed(text: str) -> str:
    """What a person typed, as Slack hands it to apps.

    Slack escapes `&`, `<` and `>`, keeps the mentions its client made (`<@U1>`, `<#C1>`), and turns
    @channel, @here and @everyone into `<!channel>` and so on.
    """

    def wire(match: re.Match[str]) -> str:
        token = match.group()
        if token.startswith("@"):
            return f"<!{token[1:]}>"
        return _ESCAPES.get(token, token)

    return _TYPED.sub(wire, text)
