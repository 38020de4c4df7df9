"""
taskiq's broker and task, for `taskiq worker benchmarks.taskiq_peer:broker`: the same two calls, over aiohttp.

REDIS_URL and API_PORT say where things are.
"""

import json
import os

import aiohttp
from taskiq import TaskiqEvents
from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(os.environ["REDIS_URL"])
API = f"http://127.0.0.1:{os.environ['API_PORT']}"


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def _open(state) -> None:
    state.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False)


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def _close(state) -> None:
    await state.session.close()


@broker.task(task_name="peer")
async def two_calls(event_id: str, body: str) -> None:
    order = json.loads(body)["data"]["id"]
    session = broker.state.session
    async with session.get(f"{API}/api/v1/order/{order}") as response:
        await response.json()
    key = {"Idempotency-Key": event_id}
    async with session.post(f"{API}/api/v1/order/{order}/dispatch", json={}, headers=key) as response:
        await response.json()
