"""Saying what works and what is missing, by trying it."""

from bots import check_models
from bots.check_lines import line, off
from bots.compose import House, house
from bots.configuration import Configuration
from core.errors import StoreUnavailable


async def check(configuration: Configuration) -> bool:
    """Prints a line for everything. True: all that is set up works. Raises what ``house`` raises."""
    async with house(configuration) as built:
        works = [
            await check_models.check(built.models, configuration.drun),
            await _store(built, configuration),
        ]
        for name in configuration.shown_on:
            reason = built.refused.get(name)
            works.append(line(name, reason or "ready", well=reason is None))
        for name, reason in configuration.skipped.items():
            off(name, reason)
        return all(works)


async def _store(built: House, configuration: Configuration) -> bool:
    where = "REDIS_URL" if configuration.store.redis_url else f"private, in {configuration.store.data_dir}"
    try:
        await built.ask_store()
    except StoreUnavailable as error:
        return line("store", f"{where} does not answer ({error})", well=False)
    line("store", where, well=True)
    seal = configuration.store.seal()
    if seal.keys:
        return line("encryption", f"what people say is sealed with the key {seal.newest}", well=True)
    off("encryption", "ENCRYPTION_KEYS is not set; `drun-chat key` makes a key")
    return True
