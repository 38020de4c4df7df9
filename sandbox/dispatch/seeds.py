"""
What is there from the start: made-up firms, people, goods and a dispatch under way, the same for the same seed.

Carriers, drivers, vehicles and the business are always there, since no call makes them (the business can be joined by
more). The rest can be left out.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..ids import Ids
from ..times import whole_seconds
from .routes import entry
from .world import Entity, Things, World

_CARRIERS = ("Nordlys Bud AS", "Fjellpost Ekspress AS", "Kystfrakt AS")
_DRIVERS = ("Lars Dahl", "Solveig Haugen", "Bjørn Øvrebø")
_VEHICLES = ("Varebil EK 10231", "Lastebil EB 40417")
_BUSINESS = "Bryggen Handel AS"
_PLACES = (
    ("Thereses gate 14", "0358", "Oslo"),
    ("Nygårdsgaten 5", "5015", "Bergen"),
    ("Innherredsveien 7", "7014", "Trondheim"),
    ("Pedersgata 32", "4013", "Stavanger"),
    ("Storgata 92", "9008", "Tromsø"),
)
_CUSTOMERS = (
    ("Ingrid Hansen", "ingrid.hansen@example.com", None),
    ("Ola Nordmann", "ola.nordmann@example.com", "Nordmann Bygg AS"),
    ("Åse Bjørnstad", "ase.bjornstad@example.com", None),
    ("Håkon Lunde", "hakon.lunde@example.com", "Lunde Elektro AS"),
)
_PRODUCTS = (
    ("Varmepumpe 6 kW", "VP-6", 18_900, 12_400, 38.0),
    ("Elbillader 22 kW", "EL-22", 8_490, 5_100, 6.5),
    ("Solcellepanel 430 W", "SP-430", 1_990, 1_150, 21.5),
    ("Varmtvannsbereder 200 l", "VB-200", 7_690, 4_800, 52.0),
)
_COLOURS = ("hvit", "svart")
#: The status of each seeded order, and that of its shipment if it has one.
_ORDERS = (
    ("delivered", "delivered"),
    ("shipped", "out_for_delivery"),
    ("shipped", "in_transit"),
    ("processing", "created"),
    ("processing", None),
    ("pending", None),
    ("pending", None),
)
#: Hours between two seeded orders; the last one is an hour old.
_APART = 7


class Seeds:
    """
    Fills a world; its ids and choices come from a generator of their own.
    """

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._ids = Ids(chance)
        self._now = world.config.clock()

    def fill(self) -> None:
        """
        Put everything in its place. No event tells of it, and no effect.
        """
        world = self._world
        self._named(world.carriers, _CARRIERS)
        self._named(world.drivers, _DRIVERS)
        self._named(world.vehicles, _VEHICLES)
        self._business()
        if world.config.dispatch.seeded:
            self._customers()
            self._products()
            self._orders()
            self._run()
            self._workflow()

    def _keep(self, things: Things, at: datetime, **fields: Any) -> Entity:
        time = whole_seconds(at)
        thing = {"guid": self._ids.uuid(), **fields, "createdAt": time, "updatedAt": time}
        things[thing["guid"]] = thing
        return thing

    def _named(self, things: Things, names: tuple[str, ...]) -> None:
        for name in names:
            self._keep(things, self._now, name=name)

    def _address(self) -> dict[str, str | None]:
        street, postal_code, city = self._chance.choice(_PLACES)
        return {"street": street, "city": city, "state": None, "postalCode": postal_code, "country": "NO"}

    def _business(self) -> None:
        self._keep(
            self._world.businesses,
            self._now - timedelta(days=400),
            name=_BUSINESS,
            email="post@bryggen-handel.example.com",
            phone="+4799900100",
            address=self._address(),
            settings={"timezone": "Europe/Oslo", "currency": "NOK"},
        )

    def _customers(self) -> None:
        for number, (name, email, company) in enumerate(_CUSTOMERS):
            self._keep(
                self._world.customers,
                self._now - timedelta(days=90 - number),
                name=name,
                email=email,
                phone=f"+4799900{self._chance.randrange(1_000):03d}",
                company=company,
                address=self._address(),
                references={},
                contacts={},
            )

    def _products(self) -> None:
        for number, (name, sku, price, cost, weight) in enumerate(_PRODUCTS):
            product = self._keep(
                self._world.products,
                self._now - timedelta(days=200 - number),
                name=name,
                sku=sku,
                description=None,
                price=price,
                cost=cost,
                weight=weight,
                dimensions={"length": 80, "width": 60, "height": 40},
                barcode=f"70{self._chance.randrange(10**11):011d}",
                variants={},
            )
            if number == 1:
                product["variants"] = self._variants(sku, price)

    def _variants(self, sku: str, price: int) -> Things:
        found: Things = {}
        for colour in _COLOURS:
            guid, attributes = self._ids.uuid(), {"farge": colour}
            variant = {"guid": guid, "name": colour, "sku": f"{sku}-{colour}", "price": price}
            found[guid] = variant | {"attributes": attributes}
        return found

    def _orders(self) -> None:
        for number, (status, shipped) in enumerate(_ORDERS):
            at = self._now - timedelta(hours=1 + _APART * (len(_ORDERS) - 1 - number))
            order = self._keep(self._world.orders, at, **sample_order(self._world, self._ids, self._chance))
            order["status"] = status
            if shipped:
                order["carrierId"] = self._chance.choice(list(self._world.carriers))
                self._shipment(order, shipped, at)

    def _shipment(self, order: Entity, status: str, at: datetime) -> None:
        customer = self._world.customers[order["customerId"]]
        business = next(iter(self._world.businesses.values()))
        self._world.numbers += 1
        at += timedelta(minutes=20)
        shipment = self._keep(
            self._world.shipments,
            at,
            trackingNumber=f"TRK{100_000_000 + self._world.numbers}",
            status=status,
            customerId=customer["guid"],
            carrierId=order["carrierId"],
            sender={"name": business["name"], **business["address"], "phone": business["phone"]},
            recipient={"name": customer["name"], **order["deliveryAddress"], "phone": customer["phone"]},
            orderId=order["guid"],
            packages=[],
            reference=order["orderNumber"],
            collectionDate=None,
            deliveryDate=None,
            notes=None,
            deliveredAt=whole_seconds(at) if status == "delivered" else None,
        )
        shipment["traces"] = [_trace(status, shipment)]

    def _run(self) -> None:
        world = self._world
        run = self._keep(
            world.runs,
            self._now - timedelta(hours=2),
            name="Morgenrunde",
            driverId=next(iter(world.drivers)),
            vehicleId=next(iter(world.vehicles)),
            plannedDate=whole_seconds(self._now)[:10],
            shipmentIds=list(world.shipments)[:3],
            notes=None,
            status="in_progress",
            startedAt=whole_seconds(self._now - timedelta(hours=1)),
            completedAt=None,
            routeId=self._ids.uuid(),
        )
        run["timeline"] = [
            entry("created", run["createdAt"], "Dispatch created", None),
            entry("in_progress", run["startedAt"], "Dispatch is in_progress", None),
        ]

    def _workflow(self) -> None:
        self._keep(
            self._world.workflows,
            self._now - timedelta(days=30),
            name="Tell the customer on delivery",
            entityType="Shipment",
            trigger="shipment_delivered",
            action={"type": "send_email", "recipient": "customer", "template": "delivered"},
            conditions={},
            isActive=True,
            isManaged=True,
        )


def sample_order(world: World, ids: Ids, chance: random.Random) -> Entity:
    """
    Return the fields of a pending order by one of the customers.
    """
    customer = world.customers[chance.choice(list(world.customers))]
    name, _, price, _, _ = chance.choice(_PRODUCTS)
    item = {"description": name, "quantity": chance.randint(1, 3), "price": price}
    world.numbers += 1
    return {
        "orderNumber": f"ORD-{1_000 + world.numbers:06d}",
        "status": "pending",
        "customerId": customer["guid"],
        "items": [{"guid": ids.uuid(), **item, "dimensions": None}],
        "deliveryAddress": dict(customer["address"]),
        "carrierId": None,
        "collectionDate": None,
    }


def _trace(status: str, shipment: Mapping[str, Any]) -> Entity:
    city = shipment["sender"]["city"]
    return {
        "status": status,
        "description": "As it stood when the sandbox began",
        "location": city,
        "timestamp": shipment["updatedAt"],
    }
