"""
The Installer API, version 1, and its system-A webhooks, as far as documented, and our guesses beyond.

Another upstream gets a package of its own beside this one; what every upstream needs
(faults, effects, calls, the sender) is one level up.
"""
