"""
Celery's application and task, for `celery -A benchmarks.celery_peer worker`; REDIS_URL says where Redis is.
"""

import os

from celery import Celery

from .peer_jobs import two_calls

app = Celery(broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True
app.task(name="peer")(two_calls)
