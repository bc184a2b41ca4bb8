"""One job into the plan in force, and what does not hold there any more out of it."""
