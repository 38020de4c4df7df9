"""
`orderhook receiver`: the process that takes in deliveries, until SIGTERM or Ctrl-C.

It faces the internet: nothing of workers or of the sandbox is imported here, so no action, no HTTP client and no API
token is ever within its reach. A test looks at what the process has loaded.
"""

from receiver import logs, server
from receiver.settings import ReceiverSettings, receiver_settings

from ..access import config_of
from ..desk import Desk
from ..ports import check_free


def run(desk: Desk, *, host: str | None, port: int | None) -> None:
    """
    Take in deliveries.

    Raises:
        ConfigError: The configuration cannot be used.
        WeakDurability: Redis does not give what a source asks for.

    """
    settings = _listening(receiver_settings(config_of(desk)), host=host, port=port)
    check_free(settings.receiver.host, settings.receiver.port, option="--port")
    logs.set_up()
    server.run(settings)


def _listening(settings: ReceiverSettings, *, host: str | None, port: int | None) -> ReceiverSettings:
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"receiver": settings.receiver.model_copy(update=chosen)})
