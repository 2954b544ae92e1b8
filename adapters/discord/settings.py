from pydantic import BaseModel, SecretStr


class Settings(BaseModel):
    """Discord over its gateway. Fields are the variables' names in lower case."""

    discord_token: SecretStr | None = None
    discord_api_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str | None = None

    @property
    def off(self) -> str:
        """Why this platform is skipped; empty when it is set up."""
        return "" if self.discord_token else "DISCORD_TOKEN is not set"

    def problems(self) -> list[str]:
        token = self.discord_token.get_secret_value() if self.discord_token else ""
        if token.lower().startswith("bot ") or any(letter.isspace() for letter in token):
            return ["DISCORD_TOKEN: holds a space; paste the token alone, without Bot before it"]
        return []
