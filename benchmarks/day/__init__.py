"""A simulated day of a company."""
