"""
The operators' doors: the command line `orderhook` and the generated pages of the documentation.

Has no rules of its own: what an event may do, `receiver` and `workers` say.
"""
