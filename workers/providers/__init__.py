"""
Connected shops: the providers of the Integrations API, in upstream's word.

A provider as a value (`provider`), where it is kept (`store`), how its shop is called (`woocommerce`, `shopify`), what
its orders and products say (`reading`), and which workflows it brings along (`managed`). Knows no web framework.
"""
