"""
E-mail: one letter to one address, over SMTP.

What may be an address (`addresses`), what a letter looks like on the wire (`letter`), and how it is handed over
(`smtp`). Knows neither workflows nor what a letter says.
"""

from .letter import Letter
from .smtp import Postman, Server

__all__ = ["Letter", "Postman", "Server"]
