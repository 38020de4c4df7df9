"""
The table `[downloads]`: where files that steps fetch may come from. Each description is a row of
`docs/configuration.md`.
"""

from typing import Annotated

from pydantic import Field

from receiver.settings import Section


class DownloadSettings(Section):
    """
    Where the files of `attach_file` may come from.
    """

    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$", max_length=253)], ...] = Field(
        default=(),
        strict=False,
        description="Hosts that files may come from; a name stands for what is under it, too. If empty, any.",
        json_schema_extra={"expected": "a list of host names"},
    )
    allow_private: bool = Field(
        default=False,
        description="`true` allows plain HTTP, any port and addresses of your own network.",
    )
    timeout_s: float = Field(
        default=15.0,
        gt=0,
        le=300,
        description="Seconds that a file may take in all; never more than half of `worker.call_deadline_s`.",
    )
