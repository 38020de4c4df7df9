"""
What the commands do. How they are spelled is in `console/cli`, which imports from here only when a command runs.
"""
