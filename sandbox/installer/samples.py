"""
Believable Norwegian orders for demonstrations: made-up people at streets and postal codes that exist.
"""

import random
from typing import Any

_PLACES = (
    ("Thereses gate 14", "0358", "Oslo"),
    ("Markveien 35", "0554", "Oslo"),
    ("Nygårdsgaten 5", "5015", "Bergen"),
    ("Innherredsveien 7", "7014", "Trondheim"),
    ("Pedersgata 32", "4013", "Stavanger"),
    ("Markens gate 22", "4611", "Kristiansand"),
    ("Storgata 92", "9008", "Tromsø"),
    ("Storgata 18", "1607", "Fredrikstad"),
)
_FIRST = ("Ingrid", "Ola", "Åse", "Lars", "Solveig", "Bjørn", "Kari", "Håkon")
_LAST = ("Hansen", "Nordmann", "Bjørnstad", "Øvrebø", "Lunde", "Sæther", "Dahl", "Haugen")
_JOBS = (
    ("Montering av varmepumpe", "Luft til luft, innedel på yttervegg i stue."),
    ("Installasjon av elbillader", "Veggmontert lader i garasje, kurs fra sikringsskap."),
    ("Montering av solcellepanel", "Tolv paneler på sørvendt tak."),
    ("Bytte av varmtvannsbereder", "200 liter, gammel bereder skal med."),
    ("Montering av kjøkken", "Benkeplate og elleve skap er levert."),
)
# Mobile numbers of the series that the vendor's own sample (+4799900111) comes from.
_NUMBERS = 1_000


def sample_order(chance: random.Random) -> dict[str, Any]:
    """
    Return a body of create-order that passes every check.
    """
    address, postal_code, city = chance.choice(_PLACES)
    name, description = chance.choice(_JOBS)
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    return {
        "name": name,
        "description": description,
        "address": address,
        "city": city,
        "postalCode": postal_code,
        "countryCode": "NO",
        "email": f"{_ascii(first)}.{_ascii(last)}@example.com",
        "phoneNumber": f"+4799900{chance.randrange(_NUMBERS):03d}",
        "contactPersonName": f"{first} {last}",
        "metadata": {"origin": "sandbox"},
    }


def _ascii(name: str) -> str:
    return name.lower().replace("å", "a").replace("ø", "o").replace("æ", "ae")
