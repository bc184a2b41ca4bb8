"""The compiled search, run: several at once, and what they learn from each other."""
