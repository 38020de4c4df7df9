"""
The built-in action `send_email`: a letter from a template of the operator's, to the customer or to an address.
"""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from ..mail import Letter, addresses
from ..templating import Shelf
from .base import Result, Step
from .kit import there
from .marking import action
from .parameters import MailTemplate
from .values import customer_email, entity_of, filled, values_for, wrong_recipient

CUSTOMER = "customer"


def _recipient(text: str) -> str:
    if text != CUSTOMER:
        addresses.mailbox(text)
    return text


Recipient: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=254, json_schema_extra={"expected": "`customer`, or an e-mail address"}),
    AfterValidator(_recipient),
]


@action("send_email", effect="unkeyed")
async def send_email(step: Step, *, template: MailTemplate, recipient: Recipient = CUSTOMER) -> Result:
    """
    Send a letter.

    SMTP has no idempotency key, so a letter whose connection broke off behind its last line is held for a person. What
    broke off before is tried again. The Message-ID is the same in every attempt, and nobody has to heed it.

    Args:
        template: `NAME.txt` in the folder of templates, whose first line is `Subject: …`, and `NAME.html` if it is
            there.
        recipient: `customer` for the address that the order has, or an address.
    """
    mailer, shelf = there(step.kit.mailer, "email"), step.kit.shelf
    names = await filled(lambda: shelf.names_in(template))
    values = await values_for(step, names)
    to = customer_email(await entity_of(step)) if recipient == CUSTOMER else recipient
    return await mailer.send(await filled(lambda: _letter(step, shelf, template, to, values)))


def _letter(step: Step, shelf: Shelf, template: str, to: str, values: dict[str, object]) -> Letter:
    try:
        mailbox = addresses.mailbox(to)
    except ValueError as error:
        raise wrong_recipient(str(error) if to else "the order has no e-mail address") from None
    return Letter(
        key=step.idempotency_key,
        to=mailbox,
        subject=shelf.subject(template, values),
        text=shelf.body(template, values),
        html=shelf.html(template, values),
    )
