"""``drun-chat key`` and ``drun-chat reseal``: keys for what is kept, and a new one in the place of an old one."""

import typer

from bots.compose import connected
from bots.settings import StoreSettings, key_missing
from bots.turns import NotDone
from core.errors import StoreUnavailable
from core.store.resealing import Resealing, announce_key, missing_keys
from core.store.sealing import StoreSealed, new_key


def key() -> None:
    """Prints a key for ENCRYPTION_KEYS."""
    typer.echo(new_key())


async def reseal(settings: StoreSettings) -> None:
    """Seals everything with the first of ENCRYPTION_KEYS. Raises NotDone, and what ``store_url`` raises."""
    seal = settings.seal()
    if not seal.keys:
        raise NotDone("ENCRYPTION_KEYS is not set; `drun-chat key` makes one.")
    async with connected(settings) as connections:
        try:
            if missing := await missing_keys(connections):
                raise NotDone(key_missing(missing))
            await announce_key(connections)
            count = await Resealing(connections).all()
        except StoreSealed as error:
            raise NotDone(
                f"Something cannot be opened: {error}. What was sealed anew so far stays so."
            ) from error
        except StoreUnavailable as error:
            raise NotDone(f"The store does not answer, see REDIS_URL: {error}") from error
    typer.echo(f"{count} texts were sealed anew; all are sealed with the key {seal.newest} now.")
