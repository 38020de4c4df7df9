"""
How fast orderhook is, beside what one would use instead, on the machine at hand: `python -m benchmarks`.

Every number is the median of rounds in which all contenders take turns, since a machine's speed drifts between minutes;
only ratios inside one run say something.
"""
