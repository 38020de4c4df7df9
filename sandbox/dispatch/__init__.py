"""
The Dispatch API: every path that its vendor documents, its envelope and codes, and our guesses beyond.

The vendor's pages are cut in many places and say nothing of webhooks.
`paths.py` and `docs/dispatch-api.md` say for each call what is documented and what is ours;
the webhooks are ours altogether.
"""
