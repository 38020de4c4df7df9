"""What the chaos suite breaks things with, and what it counts with: sender, fleet, nemesis and checker."""
