"""Measuring the solver: against published values, against other solvers, and on any size."""
