"""
The part of the Dispatch API that is about products and their variants. There is no call that deletes a product.
"""

from ..shapes import JsonObject
from .door import Door
from .lists import ODataList
from .models import Product, Thing, Variant
from .requests import NewProduct, ProductSettings, VariantDetails


class Products(ODataList[Product]):
    """Products."""

    def __init__(self, door: Door) -> None:
        super().__init__(door, "list_products", Product.model_validate)

    async def get(self, product_id: str) -> Product:
        return await self._door.read("get_product", Product.model_validate, guid=product_id)

    async def create(self, product: NewProduct, *, idempotency_key: str) -> Product:
        return await self._door.make("create_product", Product.model_validate, product, key=idempotency_key)

    async def update(self, product_id: str, changed: NewProduct, *, idempotency_key: str) -> Product:
        return await self._door.make(
            "update_product", Product.model_validate, changed, key=idempotency_key, guid=product_id
        )

    async def create_variant(
        self, product_id: str, variant: VariantDetails, *, idempotency_key: str
    ) -> Variant:
        return await self._door.make(
            "create_variant", Variant.model_validate, variant, key=idempotency_key, productId=product_id
        )

    async def get_variant(self, product_id: str, variant_id: str) -> Variant:
        return await self._door.read(
            "get_variant", Variant.model_validate, productId=product_id, variantId=variant_id
        )

    async def update_variant(
        self, product_id: str, variant_id: str, changed: VariantDetails, *, idempotency_key: str
    ) -> Variant:
        return await self._door.make(
            "update_variant",
            Variant.model_validate,
            changed,
            key=idempotency_key,
            productId=product_id,
            variantId=variant_id,
        )

    async def delete_variant(self, product_id: str, variant_id: str, *, idempotency_key: str) -> None:
        await self._door.write(
            "delete_variant", key=idempotency_key, productId=product_id, variantId=variant_id
        )

    async def update_settings(self, changed: ProductSettings, *, idempotency_key: str) -> JsonObject:
        """Change the units or the currency, and return all of them."""
        made = await self._door.make(
            "update_product_settings", Thing.model_validate, changed, key=idempotency_key
        )
        return made.raw
