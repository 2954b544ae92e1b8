from ipaddress import ip_address

from pydantic import BaseModel, Field, SecretStr


class Settings(BaseModel):
    """The page and the health checks. Fields are the variables' names in lower case."""

    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    web_token: SecretStr | None = None

    @property
    def off(self) -> str:
        """Why this platform is skipped; never: without the page it still serves /healthz."""
        return ""

    @property
    def loopback(self) -> bool:
        """Only this machine reaches the page."""
        if self.web_host == "localhost":
            return True
        try:
            return ip_address(self.web_host).is_loopback
        except ValueError:
            return False

    @property
    def page(self) -> bool:
        """The page is served: to this machine, or to whoever knows the token."""
        return self.loopback or self.web_token is not None

    def problems(self) -> list[str]:
        token = self.web_token.get_secret_value() if self.web_token else None
        if token is not None and len(token) < 16:  # noqa: PLR2004 - said in the sentence
            return ["WEB_TOKEN: must have at least 16 characters, as from: openssl rand -hex 16"]
        return []
