"""
The client of the Installer API: what it says (`models`), what it is sent (`orders`), where (`paths`).

Import from the modules: most callers need the models only, and those load neither aiohttp nor phone metadata.
"""
