"""Who runs: some processes listen, some only answer; whoever falls is replaced."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.chaos.nursery import Child, Nursery

_TELL_S = 0.5
_BURIED_S = 5.0
_LEASE_LOST = "a lease could not be renewed in time"


@dataclass(slots=True, eq=False)
class Post:
    """One place in the crew, and who fills it now."""

    words: Sequence[str]
    child: Child
    filling: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Two who find it empty must not fill it twice: one of the two would belong to no post, and be hurt no more."""


@dataclass(slots=True, eq=False)
class Crew:
    """All processes of the deployment."""

    nursery: Nursery
    posts: list[Post] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Processes that ended by themselves, or not in order, and what they said."""
    _guards: set[asyncio.Task[None]] = field(default_factory=set)

    async def hire(self, *words: str) -> Post:
        post = Post(words, await self._bear(words))
        self.posts.append(post)
        return post

    async def until_up(self) -> None:
        assert all(await asyncio.gather(*(post.child.until_up() for post in self.posts))), self.failures

    def pick(self, dice: float) -> Post:
        return self.posts[int(dice * len(self.posts))]

    async def kill(self, post: Post, down_s: float) -> None:
        post.child.kill()
        await asyncio.sleep(down_s)
        await self.refill(post)

    async def replace(self, post: Post) -> None:
        """A rolling restart of one: the new one is up before the old one is told to end."""
        async with post.filling:
            old = post.child
            if old.doomed or not old.up:
                return
            post.child = young = await self._bear(post.words)
        await young.until_up()
        await self.dismiss(old)

    async def refill(self, post: Post) -> None:
        async with post.filling:
            if post.child.doomed:
                post.child = await self._bear(post.words)

    async def dismiss(self, child: Child) -> None:
        """Ends one in order."""
        if child.doomed or child.code is not None:
            return
        begun = child.up
        try:
            code = await child.end()
        except TimeoutError:
            child.signal(signal.SIGUSR1)
            await asyncio.sleep(_TELL_S)
            child.kill()
            told = child.said("err")[-6000:]
            self.failures.append(f"{self._name(child)} did not end when it was told to: {told}")
            return
        # Blows fall on who is just ending, too; and who is only just born knows of no order yet.
        if code not in ({0, -signal.SIGKILL} if begun else {0, -signal.SIGKILL, -signal.SIGTERM}):
            self.failures.append(f"{self._name(child)} ended with {code}: {child.said('err')[-2000:]}")

    def leases_lost(self) -> Counter[str]:
        """How often a process that lived could not renew a lease, by conversation."""
        told = [line for child in self.nursery.children.values() for line in child.said("err").splitlines()]
        return Counter(json.loads(line)["conversation"] for line in told if _LEASE_LOST in line)

    async def disband(self) -> None:
        await asyncio.gather(*(self.dismiss(post.child) for post in self.posts))
        with suppress(TimeoutError):
            async with asyncio.timeout(_BURIED_S):
                await asyncio.gather(*(child.ended.wait() for child in self.nursery.children.values()))
        living = [self._name(child) for child in self.nursery.children.values() if child.code is None]
        assert not living, f"nobody has ended {living}"

    async def _bear(self, words: Sequence[str]) -> Child:
        child = await self.nursery.bear(*words)
        guard = asyncio.create_task(self._guard(child))
        self._guards.add(guard)
        guard.add_done_callback(self._guards.discard)
        return child

    async def _guard(self, child: Child) -> None:
        """As whatever keeps a deployment running does: starts again what has ended by itself."""
        await child.ended.wait()
        if child.doomed:
            return
        # A start without a store gives up after some seconds, and says so; that is how it is meant to be.
        if "The store does not answer" not in child.said("err"):
            self.failures.append(
                f"{self._name(child)} ended by itself with {child.code}: {child.said('err')[-2000:]}"
            )
        child.doomed = True
        for post in self.posts:
            if post.child is child:
                await self.refill(post)

    def _name(self, child: Child) -> str:
        return f"process {child.number} (run {' '.join(child.words)})"
