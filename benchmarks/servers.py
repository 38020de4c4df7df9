"""
The servers of the ingest benchmark, each `python -m benchmarks.servers NAME PORT REDIS_URL`.

* `bare`: a Starlette route that reads the body and answers 202: what nobody can be faster than on this stack.
* `orderhook`: the receiver as it ships, configured by ORDERHOOK_CONFIG, one log line per delivery to stderr.
* `rq`, `celery`: what one writes first: FastAPI, the signature, `SET NX`, one job per event.
"""

import hmac
import os
import sys
import time

import uvicorn

from .deliveries import signature

#: As in receiver/server.py.
UVICORN = {
    "host": "127.0.0.1",
    "http": "httptools",
    "loop": "uvloop",
    "ws": "none",
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "backlog": 2048,
}


def bare(_: str):
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def take(request: Request) -> Response:
        await request.body()
        return Response(status_code=202)

    return Starlette(routes=[Route("/webhooks/{source}", take, methods=["POST"])])


def naive(redis_url: str, enqueue):
    import redis
    from fastapi import FastAPI, Request, Response

    app, client = FastAPI(), redis.Redis.from_url(redis_url)

    @app.post("/webhooks/{source}")
    async def take(source: str, request: Request) -> Response:
        body, headers = await request.body(), request.headers
        event_id, stamp = headers["webhook-id"], int(headers["webhook-timestamp"])
        expected = b"v1," + signature(event_id.encode(), stamp, body)
        if abs(time.time() - stamp) > 300 or not hmac.compare_digest(
            headers["webhook-signature"].encode(), expected
        ):
            return Response(status_code=401)
        if not client.set(f"seen:{source}:{event_id}", "1", nx=True, ex=604_800):
            return Response(status_code=200)
        enqueue(event_id, body.decode())
        return Response(status_code=202)

    return app


def rq(redis_url: str):
    import redis
    from rq import Queue

    queue = Queue("peer", connection=redis.Redis.from_url(redis_url))
    return naive(
        redis_url, lambda event_id, body: queue.enqueue("benchmarks.peer_jobs.two_calls", event_id, body)
    )


def celery(redis_url: str):
    from celery import Celery

    app = Celery(broker=redis_url)
    app.conf.task_ignore_result = True
    return naive(redis_url, lambda event_id, body: app.send_task("peer", (event_id, body)))


def orderhook() -> None:
    from receiver import logs, server
    from receiver.settings import read_config, receiver_settings

    logs.set_up()
    server.run(receiver_settings(read_config(environ=os.environ)))


APPS = {"bare": bare, "rq": rq, "celery": celery}


def main(name: str, port: str, redis_url: str) -> None:
    if name == "orderhook":
        orderhook()
    else:
        uvicorn.run(APPS[name](redis_url), port=int(port), **UVICORN)


if __name__ == "__main__":
    main(*sys.argv[1:])
