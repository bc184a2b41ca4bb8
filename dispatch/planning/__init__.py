"""From rows to a problem and from a solution to rows; the plan in force in memory, and what of it
does not hold.
"""
