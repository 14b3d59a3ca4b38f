"""Places: a limited number at once, shared fairly, and none is lost."""

import asyncio

import pytest

from ui.serving.slots import BusyError, Slots


class Work:
    """Requests that hold a place until they may end; `clients` in the order in which they began."""

    def __init__(self, slots: Slots):
        self.slots, self.may_end = slots, asyncio.Event()
        self.clients: list[str] = []

    async def request(self, client: str) -> None:
        async with self.slots.place(client):
            self.clients.append(client)
            await self.may_end.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_no_more_than_its_places_go_to_one_client():
    async def run():
        work = Work(Slots(total=4, per_client=2, waiting=100, patience=60))
        tasks = [asyncio.create_task(work.request(client)) for client in "aaaaaabbb"]
        await settle()
        assert sorted(work.clients) == ["a", "a", "b", "b"]
        work.may_end.set()
        await asyncio.gather(*tasks)
        assert len(work.clients) == 9 and work.slots._queues == {} and not work.slots._places

    asyncio.run(run())


def test_a_client_who_holds_nothing_is_next():
    async def run():
        slots = Slots(total=2, per_client=2, waiting=100, patience=60)
        order = []

        async def short(client):
            async with slots.place(client):
                order.append(client)
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(short("a")) for _ in range(50)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(short("b")))
        await asyncio.gather(*tasks)
        assert order.index("b") <= 4

    asyncio.run(run())


def test_too_many_waiting_requests_are_refused():
    async def run():
        work = Work(Slots(total=1, per_client=1, waiting=2, patience=60))
        tasks = [asyncio.create_task(work.request("a")) for _ in range(3)]
        await settle()
        with pytest.raises(BusyError, match="2 requests from your network address are waiting"):
            await work.request("a")
        work.may_end.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_patience_ends():
    async def run():
        work = Work(Slots(total=1, per_client=1, waiting=9, patience=0.01))
        first = asyncio.create_task(work.request("a"))
        await settle()
        with pytest.raises(BusyError, match="very busy"):
            await work.request("a")
        work.may_end.set()
        await first
        await work.request("a")

    asyncio.run(run())


def test_a_request_given_up_leaves_no_trace():
    async def run():
        work = Work(Slots(total=1, per_client=1, waiting=9, patience=60))
        first, second, third = (asyncio.create_task(work.request("a")) for _ in range(3))
        await settle()
        second.cancel()
        await settle()
        work.may_end.set()
        await asyncio.gather(first, third)
        assert work.clients == ["a", "a"] and work.slots._queues == {} and not work.slots._places

    asyncio.run(run())


@pytest.mark.parametrize("end", ["cancelled", "out of patience"])
def test_a_request_given_up_just_before_a_place_comes_takes_none(end):
    async def run():
        slots = Slots(total=1, per_client=1, waiting=9, patience=60)
        holder = slots.place("a")
        await holder.__aenter__()
        waiter = asyncio.create_task(Work(slots).request("b"))
        await settle()
        if end == "cancelled":
            waiter.cancel()
        else:
            slots._queues["b"][0].cancel()  # as the timeout does
        await holder.__aexit__(None, None, None)  # in the same turn of the event loop
        await settle()
        assert waiter.done() and not slots._places and not slots._queues
        async with asyncio.timeout(5), slots.place("c"):
            pass

    asyncio.run(run())


def test_a_place_that_comes_to_a_request_just_given_up_is_passed_on():
    async def run():
        slots = Slots(total=1, per_client=1, waiting=9, patience=60)
        holder = slots.place("a")
        await holder.__aenter__()
        waiter = asyncio.create_task(Work(slots).request("b"))
        await settle()
        await holder.__aexit__(None, None, None)  # b is handed the place, and cancelled before it notices
        waiter.cancel()
        await settle()
        assert waiter.cancelled() and not slots._places
        async with asyncio.timeout(5), slots.place("c"):
            pass

    asyncio.run(run())
