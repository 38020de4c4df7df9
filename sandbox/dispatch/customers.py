"""
The calls about customers, but for the upload. The object and the body of create are documented; the rest is ours.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import Address, Body, Email, Guid, Text
from .envelope import DONE, created, data
from .paging import page_of
from .views import shipment_line
from .world import Entity, Things, World, found

_LINE = ("guid", "name", "email", "phone", "company", "address", "createdAt", "updatedAt")
#: So many shipments are recent.
_RECENT = 10


class NewCustomer(Body):
    """
    The body of create_customer, and of update_customer.
    """

    name: Text
    email: Email | None = None
    phone: str | None = None
    company: str | None = None
    address: Address = Address()


class Reference(Body):
    """
    The body of save_customer_reference.
    """

    guid: Guid | None = None
    name: Text
    value: Text


class NewContact(Body):
    """
    The body of create_customer_contact.
    """

    name: Text
    email: Email | None = None
    phone: str | None = None
    role: str | None = None


class ContactChange(NewContact):
    """
    The body of update_customer_contact.
    """

    name: Text = ""


class Customers:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "list_customers": self._list,
            "create_customer": self._create,
            "get_customer": self._get,
            "update_customer": self._update,
            "delete_customer": self._delete,
            "save_customer_reference": self._save_reference,
            "delete_customer_reference": self._delete_reference,
            "create_customer_contact": self._create_contact,
            "update_customer_contact": self._update_contact,
            "delete_customer_contact": self._delete_contact,
            "recent_shipments": self._recent_shipments,
            "sales_analytics": self._sales_analytics,
        }

    def _named(self, call: Call) -> Entity:
        return found(self._world.customers, call.parameters["customerId"], "Customer")

    def _list(self, call: Call) -> Answer:
        total_pages = self._world.config.dispatch.total_pages
        return page_of(list(self._world.customers.values()), call.query, _line, total_pages=total_pages)

    def _create(self, call: Call) -> Answer:
        customer = self.add(read(NewCustomer, call))
        self._world.did(call, customerId=customer["guid"])
        return created(_line(customer))

    def add(self, wish: NewCustomer) -> Entity:
        return self._world.add(self._world.customers, **wish.whole(), references={}, contacts={})

    def _get(self, call: Call) -> Answer:
        customer = self._named(call)
        lists = {name: list(customer[name].values()) for name in ("references", "contacts")}
        return data(_line(customer) | lists)

    def _update(self, call: Call) -> Answer:
        customer = self._named(call)
        self._world.change(customer, **read(NewCustomer, call).whole())
        self._world.did(call, customerId=customer["guid"])
        return data(_line(customer))

    def _delete(self, call: Call) -> Answer:
        customer = self._named(call)
        used = [*self._world.orders.values(), *self._world.shipments.values()]
        if any(one["customerId"] == customer["guid"] for one in used):
            raise Refusal(HTTPStatus.CONFLICT, "Customer has orders or shipments")
        del self._world.customers[customer["guid"]]
        self._world.did(call, customerId=customer["guid"])
        return DONE

    # References and contacts

    def _save_reference(self, call: Call) -> Answer:
        customer, wish = self._named(call), read(Reference, call)
        if wish.guid is not None:
            found(customer["references"], wish.guid, "Reference")
        guid = wish.guid or self._world.ids.uuid()
        reference = {"guid": guid, "name": wish.name, "value": wish.value}
        self._save(call, customer, "references", reference)
        return data(reference)

    def _create_contact(self, call: Call) -> Answer:
        customer, wish = self._named(call), read(NewContact, call)
        contact = {"guid": self._world.ids.uuid(), **wish.whole()}
        self._save(call, customer, "contacts", contact)
        return created(contact)

    def _update_contact(self, call: Call) -> Answer:
        customer, wish = self._named(call), read(ContactChange, call)
        contact = found(customer["contacts"], call.parameters["contactId"], "Contact") | wish.said()
        self._save(call, customer, "contacts", contact)
        return data(contact)

    def _save(self, call: Call, customer: Entity, field: str, part: Entity) -> None:
        customer[field][part["guid"]] = part
        self._world.change(customer)
        self._world.did(call, customerId=customer["guid"], guid=part["guid"])

    def _delete_reference(self, call: Call) -> Answer:
        return self._drop(call, "references", call.parameters["referenceId"], "Reference")

    def _delete_contact(self, call: Call) -> Answer:
        return self._drop(call, "contacts", call.parameters["contactId"], "Contact")

    def _drop(self, call: Call, field: str, guid: str, what: str) -> Answer:
        customer = self._named(call)
        parts: Things = customer[field]
        del parts[found(parts, guid, what)["guid"]]
        self._world.change(customer)
        self._world.did(call, customerId=customer["guid"], guid=guid)
        return DONE

    # What they have bought

    def _recent_shipments(self, call: Call) -> Answer:
        guid = self._named(call)["guid"]
        shipments = [one for one in self._world.shipments.values() if one["customerId"] == guid]
        shipments.reverse()  # The last made comes first among those of one second.
        newest = sorted(shipments, key=lambda one: str(one["createdAt"]), reverse=True)
        return data([shipment_line(self._world, one) for one in newest[:_RECENT]])

    def _sales_analytics(self, call: Call) -> Answer:
        guid = self._named(call)["guid"]
        orders = [one for one in self._world.orders.values() if one["customerId"] == guid]
        revenue = sum(item["price"] * item["quantity"] for order in orders for item in order["items"])
        return data(
            {
                "totalOrders": len(orders),
                "totalRevenue": round(revenue, 2),
                "averageOrderValue": round(revenue / len(orders), 2) if orders else 0,
                "lastOrderAt": max((order["createdAt"] for order in orders), default=None),
            }
        )


def _line(customer: Entity) -> dict[str, Any]:
    return {name: customer[name] for name in _LINE}
