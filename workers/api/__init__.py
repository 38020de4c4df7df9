"""
The clients of the order APIs: what both need, the Installer API's parts, and the Dispatch API's in `dispatch/`.

Both: operations and their request lines (`routes`), what goes out (`sending`, `shapes`), how (`http`, `transport`,
`bodies`), who may (`gate`, `token`), and what came back (`replies`, `refusals`, `limits`).
The Installer API: what it says (`models`), what it is sent (`orders`), where (`paths`), its calls (`installer`).

Import from the modules: most callers need the models only, and those load neither aiohttp nor phone metadata.
"""
