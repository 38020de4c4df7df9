"""
`python -m console.cli` is `orderhook`.
"""

from . import main

main()
