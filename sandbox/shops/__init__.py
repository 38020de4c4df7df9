"""
Two pretended shops, WooCommerce and Shopify: their orders, products and webhooks, as far as the vendors document them.

WooCommerce: https://woocommerce.github.io/woocommerce-rest-api-docs/ (REST v3).
Shopify: https://shopify.dev/docs/api/admin-rest and https://shopify.dev/docs/apps/build/webhooks.
Ours: that both live below a path of the sandbox, that they know one key each, and every value.
"""
