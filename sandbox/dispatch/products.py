"""
The calls about products. The list and the body of create are documented; variants, settings and the rest are ours.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import Field

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import Body, Number, Size, Text
from .envelope import DONE, created, data
from .paging import page_of
from .world import Entity, World, found

_LINE = ("guid", "name", "sku", "price", "weight", "dimensions")
_REST = ("description", "cost", "barcode")


class NewProduct(Body):
    """
    The body of create_product, and of update_product.
    """

    name: Text
    sku: Text
    description: str | None = None
    price: Number | None = None
    cost: Number | None = None
    weight: Number | None = None
    dimensions: Size = Size()
    barcode: str | None = None


class NewVariant(Body):
    """
    The body of create_variant.
    """

    name: Text
    sku: Text
    price: Number | None = None
    attributes: dict[str, str] = Field(default={}, max_length=100)


class VariantChange(NewVariant):
    """
    The body of update_variant.
    """

    name: Text = ""
    sku: Text = ""


class ProductSettings(Body):
    """
    The body of update_product_settings.
    """

    weight_unit: Literal["kg", "lb"] = "kg"
    dimension_unit: Literal["cm", "in"] = "cm"
    default_currency: str = Field(default="NOK", pattern=r"^[A-Z]{3}$")


class Products:
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
            "list_products": self._list,
            "create_product": self._create,
            "get_product": self._get,
            "update_product": self._update,
            "update_product_settings": self._update_settings,
            "create_variant": self._create_variant,
            "get_variant": self._get_variant,
            "update_variant": self._update_variant,
            "delete_variant": self._delete_variant,
        }

    def _list(self, call: Call) -> Answer:
        total_pages = self._world.config.dispatch.total_pages
        return page_of(list(self._world.products.values()), call.query, _line, total_pages=total_pages)

    def _create(self, call: Call) -> Answer:
        wish = read(NewProduct, call)
        self._refuse_taken(wish.sku, None)
        product = self._world.add(self._world.products, **wish.whole(), variants={})
        self._world.did(call, productId=product["guid"])
        return created(_receipt(product))

    def _refuse_taken(self, sku: str, of: Entity | None) -> None:
        if any(one["sku"] == sku and one is not of for one in self._world.products.values()):
            raise Refusal(HTTPStatus.CONFLICT, "Product with this sku exists")

    def _get(self, call: Call) -> Answer:
        product = found(self._world.products, call.parameters["guid"], "Product")
        rest = {name: product[name] for name in _REST}
        return data(_line(product) | rest | {"variants": list(product["variants"].values())})

    def _update(self, call: Call) -> Answer:
        product, wish = (
            found(self._world.products, call.parameters["guid"], "Product"),
            read(NewProduct, call),
        )
        self._refuse_taken(wish.sku, product)
        self._world.change(product, **wish.whole())
        self._world.did(call, productId=product["guid"])
        return data(_receipt(product))

    def _update_settings(self, call: Call) -> Answer:
        self._world.product_settings |= read(ProductSettings, call).said()
        self._world.did(call, **self._world.product_settings)
        return data(self._world.product_settings)

    # Variants

    def _product(self, call: Call) -> Entity:
        return found(self._world.products, call.parameters["productId"], "Product")

    def _variant(self, call: Call) -> Entity:
        return found(self._product(call)["variants"], call.parameters["variantId"], "Variant")

    def _create_variant(self, call: Call) -> Answer:
        product, wish = self._product(call), read(NewVariant, call)
        variant = {"guid": self._world.ids.uuid(), **wish.whole()}
        product["variants"][variant["guid"]] = variant
        self._variants_changed(call, product, variant)
        return created(variant)

    def _get_variant(self, call: Call) -> Answer:
        return data(self._variant(call))

    def _update_variant(self, call: Call) -> Answer:
        variant = self._variant(call)
        variant.update(read(VariantChange, call).said())
        self._variants_changed(call, self._product(call), variant)
        return data(variant)

    def _delete_variant(self, call: Call) -> Answer:
        product, variant = self._product(call), self._variant(call)
        del product["variants"][variant["guid"]]
        self._variants_changed(call, product, variant)
        return DONE

    def _variants_changed(self, call: Call, product: Entity, variant: Entity) -> None:
        self._world.change(product)
        self._world.did(call, productId=product["guid"], variantId=variant["guid"])


def _line(product: Entity) -> dict[str, Any]:
    return {
        **{name: product[name] for name in _LINE},
        "variantCount": len(product["variants"]),
        "createdAt": product["createdAt"],
        "updatedAt": product["updatedAt"],
    }


def _receipt(product: Entity) -> dict[str, Any]:
    return {name: product[name] for name in ("guid", "name", "sku")}
