import asyncio

from core.order import Order


async def test_those_with_one_key_go_one_after_the_other_and_others_do_not_wait() -> None:
    order, done, first_may_go = Order[str](), list[str](), asyncio.Event()

    async def go(key: str, name: str, may_go: asyncio.Event | None = None) -> None:
        async with order.of(key):
            if may_go:
                await may_go.wait()
            done.append(name)

    async with asyncio.timeout(5), asyncio.TaskGroup() as going:
        going.create_task(go("a", "a1", first_may_go))
        behind = going.create_task(go("a", "a2"))
        await going.create_task(go("b", "b1"))
        assert done == ["b1"]
        assert not behind.done()
        first_may_go.set()
    assert done == ["b1", "a1", "a2"]
    assert len(order) == 0
