from pydantic import BaseModel, SecretStr

from adapters.slack.names import OFF, Names, wrong_name


class Settings(BaseModel):
    """Slack over Socket Mode. Fields are the variables' names in lower case."""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_command: str = "drun"
    slack_model_command: str = "model"
    slack_api_url: str = "https://slack.com/api/"

    @property
    def off(self) -> str:
        """Why this platform is skipped; empty when it is set up."""
        return (
            ""
            if self.slack_bot_token or self.slack_app_token
            else "SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set"
        )

    def names(self) -> Names:
        """What the slash commands are called."""
        model = "" if self.slack_model_command == OFF else self.slack_model_command
        return Names(self.slack_command, model)

    def problems(self) -> list[str]:
        found = self._wrong_names()
        bot, app = self.slack_bot_token, self.slack_app_token
        if bot and not bot.get_secret_value().startswith("xoxb-"):
            found.append("SLACK_BOT_TOKEN: must begin with xoxb- (OAuth & Permissions, Bot User OAuth Token)")
        if app and not app.get_secret_value().startswith("xapp-"):
            found.append("SLACK_APP_TOKEN: must begin with xapp- (Basic Information, App-Level Tokens)")
        for name, token in (("SLACK_BOT_TOKEN", bot), ("SLACK_APP_TOKEN", app)):
            if token and any(letter.isspace() for letter in token.get_secret_value()):
                found.append(f"{name}: holds a space or a line break; paste the token alone")
        if not self.slack_api_url.startswith(("https://", "http://")):
            found.append(f"SLACK_API_URL: {self.slack_api_url!r} must begin with https:// or http://")
        if bool(bot) != bool(app):
            missing, scope = (
                ("SLACK_APP_TOKEN", "connections:write") if bot else ("SLACK_BOT_TOKEN", "chat:write")
            )
            found.append(
                f"{missing}: is missing; Socket Mode needs both tokens, this one with the scope {scope}"
            )
        if self.slack_signing_secret or self.slack_client_id or self.slack_client_secret:
            found.append(
                "SLACK_SIGNING_SECRET, SLACK_CLIENT_ID, SLACK_CLIENT_SECRET: HTTP mode and many workspaces are not "
                "there yet; unset them and use Socket Mode"
            )
        return found

    def _wrong_names(self) -> list[str]:
        names = self.names()
        found = [wrong_name("SLACK_COMMAND", names.umbrella)]
        if names.model:
            found.append(wrong_name("SLACK_MODEL_COMMAND", names.model))
        if names.model == names.umbrella:
            found.append(
                f"SLACK_MODEL_COMMAND: /{names.model} is SLACK_COMMAND already; choose another name, or off for none"
            )
        return [each for each in found if each]
