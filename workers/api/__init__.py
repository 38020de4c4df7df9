"""
The client of the Installer API: what it says (`models`), what is sent (`orders`), where (`paths`), how (`http`).

Import from the modules: most callers need the models only, and those load neither aiohttp nor phone metadata.
"""
