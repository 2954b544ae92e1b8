"""The doubles as settings: what points the program at them."""

from tests.doubles.discord.server import DiscordDouble
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.server import SlackDouble

KEY = "sk-cli-key-0123456789"
DISCORD_TOKEN = "am91cm5leS1ib3QtaWQtMDAw.cli-to.ken-of-the-discord-double-000000"


def of_drun(drun: DrunDouble) -> dict[str, str]:
    return {"DRUN_BASE_URL": drun.maas_url, "DRUN_SERVICE_BASE_URL": drun.service_url, "DRUN_API_KEY": KEY}


def of_slack(slack: SlackDouble) -> dict[str, str]:
    tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    return {"SLACK_API_URL": slack.api_url, **tokens}


def of_discord(discord: DiscordDouble) -> dict[str, str]:
    addresses = {"DISCORD_API_URL": discord.api_url, "DISCORD_GATEWAY_URL": discord.gateway_url}
    return {**addresses, "DISCORD_TOKEN": discord.token}


def host(url: str) -> str:
    return url.removeprefix("http://").removesuffix("/v1")


def lines_of(text: str, first: str) -> list[str]:
    """The lines that begin with the word ``first``."""
    return [line for line in text.splitlines() if line.split(" ", 1)[0] == first]
