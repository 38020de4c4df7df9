"""
Texts that an operator wrote with places for what an event says: e-mails, files, fields of an order.

`text` owns what a template may do and how long it may take; `shelf` owns the folder of templates. What is put in comes
from strangers: it is data, and never read as a template. Knows neither events nor actions.
"""

from . import tree
from .shelf import NO_SHELF, Shelf
from .text import Template, Unrenderable

__all__ = ["NO_SHELF", "Shelf", "Template", "Unrenderable", "tree"]
