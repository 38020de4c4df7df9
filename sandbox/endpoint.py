"""
One operation of an emulated API over HTTP: faults, token, Idempotency-Key, handler, answer, in this order.

It knows no particular API: the operation and its handler are given.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from .bodies import read_body
from .calls import CallRecord, Calls
from .config import SandboxConfig
from .connection import cut
from .errors import Refusal
from .fault_set import FaultSet
from .faults import (
    ExpiredToken,
    Fault,
    InvalidJson,
    Latency,
    RateLimited,
    ResetAfterEffect,
    ResetBefore,
    ServerError,
    SlowDrip,
)
from .key_memory import KeyMemory
from .operations import Answer, Call, Handler, Operation, failed, refused
from .sending import drip, send_answer, send_bytes
from .times import milliseconds
from .tokens import check_token

FaultT = TypeVar("FaultT", bound=Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """
    What all endpoints of one sandbox have in common.
    """

    config: SandboxConfig
    faults: FaultSet
    calls: Calls
    keys: KeyMemory
