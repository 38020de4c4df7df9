"""
An emulation of the order APIs and of their webhook sender, with faults on request.

For development, tests and demonstrations.
It owns a pretended upstream: its state, its answers, its events, its misbehaviour.
It refuses to know anything of orderhook: it imports none of the other packages,
and the signer of its deliveries is injected.

Most of what it answers is invented, since the vendor documents little;
`installer/paths.py` and `docs/sandbox.md` say for each part whether it is documented, second-hand or ours.
"""
