from pydantic import BaseModel, Field, SecretStr


class Settings(BaseModel):
    """Discord over its gateway. Fields are the variables' names in lower case."""

    discord_token: SecretStr | None = None
    discord_api_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str | None = None
    discord_buffer: int = Field(default=1000, ge=1)
    # The store lists a channel for 31 days after it was last heard.
    discord_catch_up_hours: float = Field(default=24, ge=0, le=30 * 24)
    discord_catch_up_messages: int = Field(default=200, ge=1)

    @property
    def off(self) -> str:
        """Why this platform is skipped; empty when it is set up."""
        return "" if self.discord_token else "DISCORD_TOKEN is not set"

    def problems(self) -> list[str]:
        found = []
        token = self.discord_token.get_secret_value() if self.discord_token else ""
        if any(letter.isspace() for letter in token):
            found.append("DISCORD_TOKEN: holds a space; paste the token alone, without Bot before it")
        if not self.discord_api_url.startswith(("https://", "http://")):
            found.append(f"DISCORD_API_URL: {self.discord_api_url!r} must begin with https:// or http://")
        if self.discord_gateway_url and not self.discord_gateway_url.startswith(("wss://", "ws://")):
            found.append(f"DISCORD_GATEWAY_URL: {self.discord_gateway_url!r} must begin with wss:// or ws://")
        return found
